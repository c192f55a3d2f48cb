#!lua
-- Queue the URLs that an open source has not met before, and count all of them under the lease of their page. If a
-- restart of Redis loses them, it loses that count too, and `settle` asks for them again.
-- KEYS  1 prefix
-- ARGV  1 source  2 lease id ('' for none)  3 the source's origins, separated by spaces  4 id of the run  then for
--   each URL: domain, fingerprint, entry
-- Returns the number added
local URLS_A_PAGE = 20 -- most URLs that a source may meet for each page that it may store: traps are endless
local source, lease, origins, crawl = unpack(ARGV, 1, 4)
if call('HEXISTS', KEY.leases, lease) == 1 then
  call('HINCRBY', KEY.links_added, lease, (#ARGV - 4) / 3)
end
if not is_run(source, crawl) then return 0 end
local s = read_source(source)
if not s or not (s.state == 'running' or s.state == 'paused') or s.ends then return 0 end
if #origins > #s.origins then call('HSET', source_key(source), 'origins', origins) end -- origins are only added
local before, domains, new = s.seen, {}, nil
local seen, most = before, s.max_pages * URLS_A_PAGE + 1000
for i = 5, #ARGV, 3 do
  if seen >= most then
    call('HINCRBY', source_key(source), 'r:refused:max_urls', 1)
    break
  end
  local domain, fingerprint, entry = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  new, seen = note_seen(source, fingerprint, seen)
  if new then
    call('LPUSH', queue_key(domain, source), entry)
    domains[domain] = true
  end
end
local added = seen - before
if not read_source(source) then -- it was set aside meanwhile: one of its keys was damaged
  for domain in pairs(domains) do call('UNLINK', queue_key(domain, source)) end
  return 0
end
if added > 0 then
  call('HSET', source_key(source), 'seen', seen)
  call('HINCRBY', source_key(source), 'pending', added)
  call('INCRBY', KEY.pending, added)
end
for domain in pairs(domains) do
  call('SADD', source_domains_key(source), domain)
  if s.state == 'running' then join_turns(source, s.tenant, domain) end
end
return added
