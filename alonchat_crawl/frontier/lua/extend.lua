#!lua flags=allow-oom
-- Extend leases.
-- KEYS  1 prefix
-- ARGV  1 lease_ms  then lease ids
-- Returns the ids that are no longer leased
local lost = {}
for i = 2, #ARGV do
  if call('ZADD', KEY.lease_expiry, 'XX', 'CH', now + ARGV[1], ARGV[i]) == 0
    and not call('ZSCORE', KEY.lease_expiry, ARGV[i]) then
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
