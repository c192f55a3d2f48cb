#!lua flags=allow-oom
-- End leases with their outcomes. A lease that has ended or expired is left alone.
-- KEYS  1 prefix
-- ARGV  1 max_attempts; then for each: lease id, outcome, reason, detail, delay_ms until the URL is taken again (retry,
--   deferred), number of links sent by `add`, 1 if the source leaves the domain alone until then
-- Returns for each: 0 no such lease, 1 settled, 2 settled and its source completed, 3 not settled: links are lost
local max_attempts, codes = tonumber(ARGV[1]), {}
for i = 2, #ARGV, 7 do
  local id, outcome, reason, detail, delay_ms = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
  local done_before = #completed
  local lost = tonumber(ARGV[i + 5]) > (tonumber(call('HGET', KEY.links_added, id)) or 0)
    and call('HEXISTS', KEY.leases, id) == 1
  local source, domain, entry
  if not lost then source, domain, entry = end_lease(id) end
  if source then
    if outcome == 'retry' then
      fail(source, domain, entry, reason, detail, delay_ms, max_attempts)
    elseif outcome == 'dead' then
      fail(source, domain, entry, reason, detail, 0, 0)
    elseif outcome == 'deferred' then
      put_back(source, domain, entry, delay_ms)
      -- The source joins again when this URL is queued again.
      if ARGV[i + 6] == '1' then leave_domain(source, call('HGET', source_key(source), 'tenant'), domain) end
    else
      if entry[1] == 0 and outcome == 'refused' then call('HSET', source_key(source), 'first_failure', detail) end
      finish(source, outcome, reason, 1)
    end
    if outcome == 'stored' or outcome == 'unchanged' then apply_page_limit(source) end
  end
  codes[#codes + 1] = lost and 3 or not source and 0 or (#completed > done_before and 2 or 1)
end
return codes
