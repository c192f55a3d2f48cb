#!lua
-- Open a source for a crawl, unless it is open already or its last crawl is not written down yet.
-- KEYS  1 prefix
-- ARGV  1 source  2 spec (JSON)  3 tenant  4 origin  5 max_pages  6 step of virtual time a URL  7 id of the run
-- Returns {code, spec in effect}: 1 opening (now or by another worker before), 0 open, -1 closing
local source, spec, tenant, origin, max_pages, step, crawl = unpack(ARGV)
local key = source_key(source)
local state = (known(source) or {}).state
if state == 'opening' then return {1, call('HGET', key, 'spec')} end
if state == 'running' or state == 'paused' then return {0, call('HGET', key, 'spec')} end
if call('ZSCORE', P .. ':completed', source) then return {-1, call('HGET', key, 'spec')} end
with_seen(source, 'UNLINK')
wipe(source, tenant)
call('SREM', P .. ':unreadable', source)
call('DEL', key) -- and with it the expiry of the run before
call('HSET', key, 'spec', spec, 'tenant', tenant, 'origins', origin, 'step', step, 'crawl', crawl, 'state', 'opening',
  'max_pages', max_pages, 'pending', 0, 'leased', 0, 'seen', 0)
return {1, spec}
