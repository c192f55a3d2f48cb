#!lua flags=allow-oom
-- Take back the URLs of expired leases: their workers are gone. This counts as a failed attempt, so that a page which
-- kills its worker ends as a dead letter.
-- KEYS  1 prefix
-- ARGV  1 most leases  2 max_attempts
-- Returns {number taken back, number of sources completed}
local ids = call('ZRANGEBYSCORE', KEY.lease_expiry, '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
for _, id in ipairs(ids) do
  local source, domain, entry = end_lease(id, true)
  if source then
    fail(source, domain, entry, 'lease expired', 'its worker stopped answering', 0, tonumber(ARGV[2]))
  end
end
return {#ids, #completed}
