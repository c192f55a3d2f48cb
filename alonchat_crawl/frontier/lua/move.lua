#!lua flags=allow-oom
-- Take another origin for the source's own: its start URL redirected there. The earlier ones stay known.
-- KEYS  1 prefix
-- ARGV  1 source  2 origin, for instance https://www.example.com
-- Returns 1
local source, origin = unpack(ARGV)
local origins = call('HGET', source_key(source), 'origins')
if origins and string.match(origins, '%S+$') ~= origin then
  call('HSET', source_key(source), 'origins', origins .. ' ' .. origin)
end
return 1
