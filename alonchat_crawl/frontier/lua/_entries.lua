-- Prepended to every transition, after _forget.lua: URLs that cannot be read.

local TRIED = 10 -- entries at once, of a queue in which some cannot be read

-- Give up a URL that cannot be read; it counts as dead, so that its source ends.
local function give_up(source, tenant, domain, packed, detail)
  set_aside(queue_key(domain, source), detail, tostring(packed), {source = source, tenant = tenant})
  finish(source, 'dead', 'unreadable', 1)
end

-- A source's next URL in a domain that can be read, as it is packed; nil where there is none (now).
local function next_entry(source, tenant, domain)
  for _ = 1, TRIED do
    local packed = call('RPOP', queue_key(domain, source))
    if not packed or entry_of(packed) then return packed or nil end
    give_up(source, tenant, domain, packed, 'its entry in the queue cannot be read')
  end
end
