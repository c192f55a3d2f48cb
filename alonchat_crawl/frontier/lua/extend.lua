-- Extend the leases that a worker still works on.
-- KEYS  1 prefix
-- ARGV  1 lease_ms  then lease ids
-- Returns the ids that are no longer leased
local lost = {}
for i = 2, #ARGV do
  if call('ZSCORE', P .. ':lease', ARGV[i]) then
    call('ZADD', P .. ':lease', now + tonumber(ARGV[1]), ARGV[i])
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
