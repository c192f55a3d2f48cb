-- Open a source for a crawl, unless it is open already or its last crawl is not written down yet.
-- KEYS  1 prefix
-- ARGV  1 source  2 spec (JSON)  3 host  4 max_pages
-- Returns {code, spec in effect}: 1 opening (now or by another worker before), 0 running, -1 closing
local source, spec, host, max_pages = unpack(ARGV)
local key = source_key(source)
local state = call('HGET', key, 'state')
if state == 'opening' or state == 'running' then
  return {state == 'opening' and 1 or 0, call('HGET', key, 'spec')}
end
if call('ZSCORE', P .. ':completed', source) then return {-1, call('HGET', key, 'spec')} end
call('DEL', key) -- and with it the expiry of the run before
call('HSET', key, 'spec', spec, 'host', host, 'state', 'opening', 'pending', 0, 'leased', 0, 'max_pages', max_pages)
return {1, spec}
