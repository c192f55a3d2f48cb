-- Give leased URLs back unfetched, to the head of their queues; no attempt is counted.
-- KEYS  1 prefix
-- ARGV  lease ids
-- Returns the number given back
local given = 0
for _, id in ipairs(ARGV) do
  local source, domain, entry = release_lease(id)
  if source then
    enqueue(source, domain, cmsgpack.pack(entry), true)
    given = given + 1
  end
end
return given
