#!lua
-- Queue the URLs of dead letters again, with no failures. A source that was done is opened again, as the same run, and
-- completes again.
-- KEYS  1 prefix
-- ARGV  for each: id of the letter, source, crawl, domain, reason, entry
-- Returns for each: 1 queued, 0 no such letter, -1 its source is unknown, -2 its source is ending or was cancelled,
--   -3 its source has a newer run, which finds the URL by itself, -4 its source has reached its page limit
local codes = {}
for i = 1, #ARGV, 6 do
  local id, source, crawl, domain, reason, entry = unpack(ARGV, i, i + 5)
  local key = source_key(source)
  local s = read_source(source) or {}
  local state, ends, current = s.state, s.ends, s.crawl
  local done = state == 'completed' or state == 'cancelled'
  local code = not state and -1 or current ~= crawl and -3 or ((not done and ends) or state == 'cancelled') and -2
    or pages_of(source) >= s.max_pages and -4 or drop_letter(id)
  if code == 1 then
    call('HINCRBY', key, 'n:dead', -1)
    call('HINCRBY', key, 'r:dead:' .. reason, -1)
    call('HINCRBY', key, 'pending', 1)
    call('INCR', KEY.pending)
    call('HDEL', key, 'ends', 'first_failure')
    if done then
      call('HSET', key, 'state', 'running')
      call('SADD', KEY.running, source)
      call('ZREM', KEY.completed, source)
      call('PERSIST', key)
      with_seen(source, 'PERSIST')
    end
    enqueue(source, domain, entry, false)
  end
  codes[#codes + 1] = code
end
return codes
