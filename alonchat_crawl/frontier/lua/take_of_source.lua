#!lua flags=allow-oom
-- Lease up to `count` URLs of one source, out of turn: somebody waits for it in a terminal.
-- KEYS  1 prefix
-- ARGV  1 count  2 lease_ms  3 hold_ms  4 nonce, which makes the lease ids unique  5 source
-- Returns the same as `take`
local count, lease_ms, hold_ms, nonce, source = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local LOOKED_AT = 100 -- domains of the source, at random

queue_retries(math.max(count, 1))
local s = read_source(source) or {}
local leased, taken, due = {}, 0, first_score(delayed_key(source))
if s.state == 'running' then
  for _, domain in ipairs(call('SRANDMEMBER', source_domains_key(source), LOOKED_AT)) do
    local at = call('ZSCORE', source_turns_key(domain, s.tenant), source) and due_at(domain) or math.huge -- it rests there
    if at <= now and taken < count then
      local lease, full = lease_from(source, s.tenant, domain, lease_ms, hold_ms, nonce)
      if lease then
        for _, value in ipairs(lease) do leased[#leased + 1] = value end
        taken = taken + 1
        at = now + hold_ms
      else
        at = full and now + FULL_MS or math.huge
      end
    end
    due = math.min(due, at)
  end
end
return {due == math.huge and -1 or math.max(0, due - now), leased, #completed, unpack(totals())}
