-- Queued URLs are msgpack {kind, depth, origin, path, hops, failures}. `origin` is the index of one of the source's
-- origins, or -1 if `path` is a whole URL. `failures` is a list of {time in s, reason, detail}, missing if empty.

local function is_failure(one)
  return type(one) == 'table' and number(one[1]) and type(one[2]) == 'string' and type(one[3]) == 'string'
end

-- An entry's values; nil if it cannot be read.
local function entry_of(packed)
  local entry = unpacked(packed)
  if not entry or #packed > ENTRY_BYTES or type(entry[4]) ~= 'string' then return nil end
  for i = 1, 5 do
    if i ~= 4 and (type(entry[i]) ~= 'number' or not number(entry[i], -1)) then return nil end
  end
  if not entry[6] then return entry end
  if type(entry[6]) ~= 'table' then return nil end
  for _, one in pairs(entry[6]) do
    if not is_failure(one) then return nil end
  end
  return entry
end

local TRIED = 10 -- most entries that one call reads from a queue if they are unreadable

-- Give up a URL that cannot be read. It counts as dead, so that its source can end.
local function give_up(source, domain, packed, detail)
  local tenant = call('HGET', source_key(source), 'tenant')
  set_aside(queue_key(domain, source), detail, tostring(packed), {source = source, tenant = tenant})
  finish(source, 'dead', 'unreadable', 1)
end

-- Take a source's next readable entry in a domain, still packed; nil if there is none among the first TRIED.
local function next_entry(source, domain)
  for _ = 1, TRIED do
    local packed = call('RPOP', queue_key(domain, source))
    if not packed or entry_of(packed) then return packed or nil end
    give_up(source, domain, packed, 'its entry in the queue cannot be read')
  end
end
