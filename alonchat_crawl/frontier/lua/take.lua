#!lua flags=allow-oom
-- Lease up to `count` URLs, one from each domain that is due. The least served tenant comes first.
-- KEYS  1 prefix
-- ARGV  1 count (0: only look)  2 lease_ms  3 hold_ms  4 nonce, which makes the lease ids unique
-- Returns {ms until the next URL is due (-1: none waits), {id, spec, origins, domain, delay_ms, entry, ...}, number of
--   sources completed, then what `totals` returns}
local count, lease_ms, hold_ms, nonce = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local sums = totals()
if sums[1] == 0 then return {-1, {}, 0, unpack(sums)} end -- the usual answer to an idle worker
queue_retries(math.max(count, 1))
local clock = number(call('GET', KEY.clock)) or 0
wake_tenants(2 * count + 1, clock)
local leased, taken = {}, 0
local function serve(tenant, domain)
  local full, sources = nil, call('ZRANGE', source_turns_key(domain, tenant), 0, 7)
  if not sources[1] then unschedule(tenant, domain) end
  for _, source in ipairs(sources) do
    local lease, limited = lease_from(source, tenant, domain, lease_ms, hold_ms, nonce)
    if lease then
      for _, value in ipairs(lease) do leased[#leased + 1] = value end
      taken = taken + 1
      return
    end
    if limited then advance(source_turns_key(domain, tenant), source, 1) end
    full = full or limited
  end
  if full then -- let the domain's other tenants, and other domains, go first
    advance(tenant_turns_key(domain), tenant, 1)
    advance(KEY.tenants, tenant, 0.05)
    schedule(domain, now + FULL_MS)
  end
end

-- Returns the least served tenant that has a due domain, that domain, and the tenant's virtual time; nil if there is
-- none.
local function next_turn()
  while true do
    local tenant, at = at_place(KEY.tenants, 0)
    if not tenant then return nil end
    local first = call('ZRANGE', ready_key(tenant), 0, 0, 'WITHSCORES')
    if first[1] and tonumber(first[2]) <= now then return tenant, first[1], at end
    call('ZREM', KEY.tenants, tenant)
    call('ZADD', KEY.served, at, tenant)
    if first[1] then call('ZADD', KEY.waiting, first[2], tenant) end
  end
end

local tenant, domain, at = next_turn()
for _ = 1, 2 * count + 8 do -- more than count: some turns find no URL that may be fetched
  if not tenant or taken >= count then break end
  clock = math.max(clock, at)
  serve(tenant, domain)
  tenant, domain, at = next_turn()
end
call('SET', KEY.clock, clock)
call('ZREMRANGEBYSCORE', KEY.served, '-inf', clock)
if tenant then wake_worker() end -- something is left to take
local due = tenant and now or math.min(first_score(KEY.delayed_sources), first_score(KEY.waiting))
return {due == math.huge and -1 or math.max(0, due - now), leased, #completed, unpack(totals())}
