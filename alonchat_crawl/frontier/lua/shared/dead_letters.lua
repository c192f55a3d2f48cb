-- Dead letters, limited in number and in bytes.

local EVICTED = 1000 -- most letters that one call evicts; more are due only after the limits were lowered

-- Delete a dead letter, and the key that was set aside with it. Returns 1, or 0 if there is no such letter.
local function drop_letter(id)
  local found = call('XRANGE', KEY.dead, id, id)[1]
  if not found then return 0 end
  local letter, aside = {}, set_aside_key('')
  for i = 1, #found[2], 2 do letter[found[2][i]] = found[2][i + 1] end
  call('DECRBY', KEY.dead_bytes, number(letter.bytes) or 0)
  if letter.aside and string.sub(letter.aside, 1, #aside) == aside then
    call('UNLINK', letter.aside)
    call('SREM', KEY.unreadable, letter.source or '')
  end
  call('XDEL', KEY.dead, id)
  if call('XLEN', KEY.dead) == 0 then call('DEL', KEY.dead_bytes) end
  return 1
end

-- Bytes of all dead letters.
local function letters_bytes() return math.max(0, tonumber(call('GET', KEY.dead_bytes)) or 0) end

-- Keep a dead letter; evict and count the oldest letters if there are too many. Returns its id.
function keep_letter(...)
  local bytes = 0
  for _, text in ipairs({...}) do bytes = bytes + #text end
  local id = call('XADD', KEY.dead, '*', 'bytes', bytes, ...)
  call('INCRBY', KEY.dead_bytes, bytes)
  for _ = 1, EVICTED do
    local count = call('XLEN', KEY.dead)
    if count <= MOST_LETTERS and (count <= 1 or letters_bytes() <= MOST_LETTER_BYTES) then break end
    drop_letter(call('XRANGE', KEY.dead, '-', '+', 'COUNT', 1)[1][1])
    call('INCR', KEY.dead_evicted)
  end
  return id
end
