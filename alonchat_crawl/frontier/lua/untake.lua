#!lua flags=allow-oom
-- Put leased URLs that were not fetched back at the head of their queues. This counts as no attempt.
-- KEYS  1 prefix
-- ARGV  lease ids
-- Returns the number given back
local given = 0
for _, id in ipairs(ARGV) do
  local source, domain, entry = end_lease(id)
  if source then
    put_back(source, domain, entry, 0)
    given = given + 1
  end
end
return given
