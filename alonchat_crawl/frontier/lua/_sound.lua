-- Prepended to every transition, after _aside.lua: nothing that is stored is used before it is looked at.

local FAR_MS = 86400000 -- nothing waits for longer: sites may ask for an hour
local MOST = 2 ^ 47 -- no count, and no virtual time, comes near it
local ENTRY_BYTES = 65536 -- of a URL with all its failures
local SEEN_MOST = 2 ^ 27 -- URLs of one source
local NEEDED = {'state', 'tenant', 'origins', 'crawl', 'spec', 'max_pages', 'pending', 'leased', 'seen', 'step'}
local STATES = {opening = true, running = true, paused = true, completed = true, cancelled = true}

-- A number in a sensible range, else nil: text, infinity and what would never come to an end.
local function number(text, least, most)
  local found = tonumber(text)
  return found and found >= (least or 0) and found <= (most or MOST) and found or nil
end

-- A time in ms that is not too far away: a worse one is now.
local function moment(text) return number(text, 0, now + FAR_MS) or now end

-- What a transition packed as msgpack; nil for anything else.
local function unpacked(packed)
  if type(packed) ~= 'string' or #packed > 2 * ENTRY_BYTES then return nil end
  local good, found = pcall(cmsgpack.unpack, packed)
  return good and type(found) == 'table' and found or nil
end

local sound = {} -- the sources that this call has looked at

-- A source's fields; nil for one that is not known. One whose fields are not sound is set aside first.
local function known(source)
  local s = call('HMGET', source_key(source), 'state', 'tenant', 'origins', 'crawl', 'spec', 'max_pages', 'pending',
    'leased', 'seen', 'step', 'ends')
  if not s[1] and call('EXISTS', source_key(source)) == 0 then return nil end
  local found = {state = STATES[s[1]] and s[1], tenant = s[2], origins = s[3], crawl = s[4], spec = s[5],
    max_pages = number(s[6]), pending = number(s[7], -MOST), leased = number(s[8], -MOST),
    seen = number(s[9], 0, SEEN_MOST), step = number(s[10], 0.001, 1000), ends = s[11]}
  for i = 1, #NEEDED do
    if not found[NEEDED[i]] then return set_source_aside(source, 'its ' .. NEEDED[i] .. ' cannot be read') end
  end
  sound[source] = true
  return found
end

-- Whether a source is known: looked at once a call, for no call of ours makes one unsound.
local function is_known(source) return sound[source] or known(source) ~= nil end
