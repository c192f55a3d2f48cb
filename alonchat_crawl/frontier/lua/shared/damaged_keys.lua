-- Sets aside keys and fields that something else wrote into, so that they stop nothing else.
-- A script that fails half way keeps its changes, so stored data must never make one fail. A key of the wrong type is
-- renamed, a field that is no number is deleted, and the command is repeated. The old data is kept with a dead letter
-- of the reason `unreadable`, until that letter is dropped.

local HEAD = 512 -- bytes of a bad entry that its dead letter keeps
local UUID = '%x+%-%x+%-%x+%-%x+%-%x+'
local CAUSED_BY_DATA = {'WRONGTYPE', 'not an integer', 'overflow', 'last possible ID'} -- in Redis' error messages

local call -- redis.call that sets aside damaged keys and repeats the command; defined below
local keep_letter -- in dead_letters.lua
local set_source_aside -- in damaged_sources.lua
local renamed = 0

-- Count damaged data at `key` and keep a dead letter of it: its head and length, and the key's new name (`of.aside`).
local function set_aside(key, detail, found, of)
  call('INCR', KEY.set_aside_count)
  local letter = {key = key, head = string.sub(found, 1, HEAD), bytes = #found, sha1 = redis.sha1hex(found),
    failures = {{math.floor(now / 1000), 'unreadable', detail}}}
  keep_letter('project', of.tenant or '', 'source', of.source or '', 'url', '', 'reason', 'unreadable',
    'letter', cjson.encode(letter), 'aside', of.aside or '')
end

-- Give a key a name that nothing reads. Returns that name.
local function renamed_aside(key)
  renamed = renamed + 1
  local name = set_aside_key(table.concat({time[1], time[2], renamed}, '-'))
  redis.call('RENAME', key, name)
  return name
end

local function set_key_aside(key, detail)
  if redis.call('EXISTS', key) == 0 then return end
  local word, rest = parts_of(key)
  local source = word and is_of_a_source(word) and string.match(rest, UUID)
  if word == 'source' and source then return set_source_aside(source, detail) end
  local shown = redis.call('TYPE', key).ok == 'string' and redis.call('GETRANGE', key, 0, HEAD) or ''
  set_aside(key, detail, shown, {aside = renamed_aside(key), source = source})
  if source then set_source_aside(source, 'its key ' .. word .. ' is not what belongs there') end
end

-- Set aside the key or field that made a command fail, and repeat the command.
local function repeat_command(err, command, key, ...)
  for _, words in ipairs(CAUSED_BY_DATA) do
    local field = command == 'HINCRBY' and words ~= 'WRONGTYPE' and ...
    if string.find(err, words, 1, true) and field then
      set_aside(key .. ' ' .. field, 'it is no number', redis.call('HGET', key, field), {})
      redis.call('HDEL', key, field)
    elseif string.find(err, words, 1, true) then
      set_key_aside(key, 'a ' .. redis.call('TYPE', key).ok .. ' that does not belong there: ' .. err)
    end
  end
  return redis.call(command, key, ...)
end

function call(...)
  local answer = redis.pcall(...)
  if type(answer) == 'table' and answer.err then return repeat_command(answer.err, ...) end
  return answer
end
