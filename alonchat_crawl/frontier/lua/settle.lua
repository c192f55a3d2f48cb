#!lua flags=allow-oom
-- End leases with their outcomes; a lease that ended before, or expired, is left alone.
-- KEYS  1 prefix
-- ARGV  1 max_attempts  2 dead letters kept; then for each: lease id, outcome, reason, detail, delay_ms before it is
--   taken again (retry, deferred)
-- Returns for each: 0 no such lease, 1 settled, 2 settled and its source completed
local max_attempts, keep, codes = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i = 3, #ARGV, 5 do
  local id, outcome, reason, detail, delay_ms = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local done_before = #completed
  local source, domain, entry = end_lease(id)
  if source then
    if outcome == 'retry' then
      fail(source, domain, entry, reason, detail, delay_ms, max_attempts, keep)
    elseif outcome == 'dead' then
      fail(source, domain, entry, reason, detail, 0, 0, keep)
    elseif outcome == 'deferred' then
      put_back(source, domain, entry, delay_ms)
    else
      if entry[1] == 0 and outcome == 'refused' then call('HSET', source_key(source), 'first_failure', detail) end
      finish(source, outcome, reason, 1)
    end
    if outcome == 'stored' or outcome == 'unchanged' then heed_limit(source) end
  end
  codes[#codes + 1] = not source and 0 or (#completed > done_before and 2 or 1)
end
return codes
