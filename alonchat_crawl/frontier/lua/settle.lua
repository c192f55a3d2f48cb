-- End a lease with its outcome; a lease that ended before, or expired, is left alone.
-- KEYS  1 prefix
-- ARGV  1 lease id  2 outcome  3 reason  4 detail  5 delay_ms before a retry  6 max_attempts  7 dead letters kept
--       8 whether the attempt counts (1), or a service of our own failed (0)
-- Returns 0 no such lease, 1 settled, 2 settled and its source completed
local id, outcome, reason, detail = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local delay_ms, max_attempts, keep, counts = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local source, domain, entry = release_lease(id)
if not source then return 0 end
if outcome == 'retry' then
  entry[1] = entry[1] + counts
  try_again(source, domain, entry, reason, detail, delay_ms, max_attempts, keep)
elseif outcome == 'dead' then
  entry[1] = entry[1] + 1
  try_again(source, domain, entry, reason, detail, 0, 0, keep)
else
  if entry[2] == 'start' and outcome == 'refused' then
    call('HSET', source_key(source), 'first_failure', detail)
  end
  finish(source, outcome, reason, 1)
end
local done, limit = pages_of(source)
if done >= limit then drop_rest(source) end
return #completed > 0 and 2 or 1
