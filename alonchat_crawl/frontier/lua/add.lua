-- Queue the URLs that a running source has not met before.
-- KEYS  1 prefix
-- ARGV  1 source  then for each URL: domain, fingerprint, entry
-- Returns the number added
local source = ARGV[1]
local key = source_key(source)
if call('HGET', key, 'state') ~= 'running' then return 0 end
local added = 0
for i = 2, #ARGV, 3 do
  local domain, fingerprint, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if call('SADD', P .. ':seen:' .. source, fingerprint) == 1 then
    enqueue(source, domain, entry, false)
    added = added + 1
  end
end
if added > 0 then
  call('HINCRBY', key, 'pending', added)
  call('INCRBY', P .. ':pending', added)
end
return added
