-- Checks values before they are used: anybody who can reach Redis may have written them.

local FAR_MS = 86400000 -- longest credible wait; sites may ask for an hour
local MOST = 2 ^ 47 -- largest credible count or virtual time
local ENTRY_BYTES = 65536 -- most bytes of a URL with all its failures
local SEEN_MOST = 2 ^ 27 -- most URLs of one source
local NEEDED = {'state', 'tenant', 'origins', 'crawl', 'spec', 'max_pages', 'pending', 'leased', 'seen', 'step'}
local STATES = {opening = true, running = true, paused = true, completed = true, cancelled = true}

-- The number in a text if it is within a range, else nil.
local function number(text, least, most)
  local found = tonumber(text)
  return found and found >= (least or 0) and found <= (most or MOST) and found or nil
end

-- A time in ms; now if the text is no time or too far in the future.
local function moment(text) return number(text, 0, now + FAR_MS) or now end

-- A table from msgpack; nil if it is none.
local function unpacked(packed)
  if type(packed) ~= 'string' or #packed > 2 * ENTRY_BYTES then return nil end
  local good, found = pcall(cmsgpack.unpack, packed)
  return good and type(found) == 'table' and found or nil
end

local checked = {} -- source -> true if this call has checked it

-- A source's fields; nil if it is unknown. A source with an unreadable field is set aside, and then unknown.
local function read_source(source)
  local s = call('HMGET', source_key(source), 'state', 'tenant', 'origins', 'crawl', 'spec', 'max_pages', 'pending',
    'leased', 'seen', 'step', 'ends')
  if not s[1] and call('EXISTS', source_key(source)) == 0 then return nil end
  local found = {state = STATES[s[1]] and s[1], tenant = s[2], origins = s[3], crawl = s[4], spec = s[5],
    max_pages = number(s[6]), pending = number(s[7], -MOST), leased = number(s[8], -MOST),
    seen = number(s[9], 0, SEEN_MOST), step = number(s[10], 0.001, 1000), ends = s[11]}
  for i = 1, #NEEDED do
    if not found[NEEDED[i]] then return set_source_aside(source, 'its ' .. NEEDED[i] .. ' cannot be read') end
  end
  checked[source] = true
  return found
end

-- Whether a source is known. It is checked once per call, since no transition makes a source unreadable.
local function is_known(source) return checked[source] or read_source(source) ~= nil end

-- Whether a source is still in this run. Every transition that changes a source names its run, and so cannot change
-- another tenant's: a source's id can be computed from public values, but a run's id is random and of one tenant.
local function is_run(source, crawl) return call('HGET', source_key(source), 'crawl') == crawl end
