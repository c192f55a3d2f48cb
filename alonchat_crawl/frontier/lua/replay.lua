#!lua
-- Queue dead letters' URLs again, with no failures counted; a source that was done is opened again for them, as the
-- same run, and so completes again.
-- KEYS  1 prefix
-- ARGV  for each: id of the letter, source, domain, reason, entry
-- Returns for each: 1 queued, 0 no such letter, -1 its source is no longer known, -2 it is about to end
local codes = {}
for i = 1, #ARGV, 5 do
  local id, source, domain, reason, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local key = source_key(source)
  local state, ends = unpack(call('HMGET', key, 'state', 'ends'))
  local done = state == 'completed' or state == 'cancelled'
  local code = not state and -1 or (not done and (ends or state == 'opening')) and -2 or call('XDEL', P .. ':dead', id)
  if code == 1 then
    call('HINCRBY', key, 'n:dead', -1)
    call('HINCRBY', key, 'r:dead:' .. reason, -1)
    call('HINCRBY', key, 'pending', 1)
    call('INCR', P .. ':pending')
    call('HDEL', key, 'ends', 'first_failure')
    if done then
      call('HSET', key, 'state', 'running')
      call('SADD', P .. ':running', source)
      call('ZREM', P .. ':completed', source)
      call('PERSIST', key)
      with_seen(source, 'PERSIST')
    end
    enqueue(source, domain, entry, false)
  end
  codes[#codes + 1] = code
end
return codes
