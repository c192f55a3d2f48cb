#!lua
-- Open a source for a crawl, unless it is open already, or Postgres does not have the end of its last crawl yet.
-- Another tenant's source is left alone, even if it is done.
-- KEYS  1 prefix
-- ARGV  1 source  2 spec (JSON)  3 tenant  4 origin  5 max_pages  6 step of virtual time a URL  7 id of the run
--   8 id of another tenant's run that may be replaced once it is done, since Postgres says this tenant is the owner
-- Returns {code, spec in effect}; code: 1 opening (by this call or an earlier one), 0 open, -1 closing, -2 another
--   tenant's
local source, spec, tenant, origin, max_pages, step, crawl, displaced = unpack(ARGV)
local key = source_key(source)
local s = read_source(source) or {}
local foreign = s.state and s.tenant ~= tenant
if foreign and s.crawl ~= displaced then return {-2, call('HGET', key, 'spec')} end
if s.state == 'opening' and not foreign then return {1, call('HGET', key, 'spec')} end
if s.state == 'running' or s.state == 'paused' then return {foreign and -1 or 0, call('HGET', key, 'spec')} end
if call('ZSCORE', KEY.completed, source) then return {-1, call('HGET', key, 'spec')} end
with_seen(source, 'UNLINK')
unlink_queues(source, s.tenant or tenant)
call('SREM', KEY.unreadable, source)
call('DEL', key) -- also removes the expiry that `close` has set
call('HSET', key, 'spec', spec, 'tenant', tenant, 'origins', origin, 'step', step, 'crawl', crawl, 'state', 'opening',
  'max_pages', max_pages, 'pending', 0, 'leased', 0, 'seen', 0)
return {1, spec}
