-- Prepended to every transition, after _sound.lua: dead letters, bounded by number and by bytes.

local EVICTED = 1000 -- at once; more only where the limits were lowered

-- Forget a dead letter, and what was set aside with it; returns 1, or 0 where there is no such letter.
local function drop_letter(id)
  local found = call('XRANGE', P .. ':dead', id, id)[1]
  if not found then return 0 end
  local letter = {}
  for i = 1, #found[2], 2 do letter[found[2][i]] = found[2][i + 1] end
  call('DECRBY', P .. ':dead_bytes', number(letter.bytes) or 0)
  if letter.aside and string.sub(letter.aside, 1, #P + 7) == P .. ':aside:' then
    call('UNLINK', letter.aside)
    call('SREM', P .. ':unreadable', letter.source or '')
  end
  call('XDEL', P .. ':dead', id)
  if call('XLEN', P .. ':dead') == 0 then call('DEL', P .. ':dead_bytes') end
  return 1
end

-- Bytes of all dead letters.
local function letters_bytes() return math.max(0, tonumber(call('GET', P .. ':dead_bytes')) or 0) end

-- Keep a dead letter; what falls out for it, the oldest, is counted. Returns its id.
function keep_letter(...)
  local bytes = 0
  for _, text in ipairs({...}) do bytes = bytes + #text end
  local id = call('XADD', P .. ':dead', '*', 'bytes', bytes, ...)
  call('INCRBY', P .. ':dead_bytes', bytes)
  for _ = 1, EVICTED do
    local count = call('XLEN', P .. ':dead')
    if count <= KEEP and (count <= 1 or letters_bytes() <= KEEP_BYTES) then break end
    drop_letter(call('XRANGE', P .. ':dead', '-', '+', 'COUNT', 1)[1][1])
    call('INCR', P .. ':dead_evicted')
  end
  return id
end
