-- Prepended to every transition, after _keys.lua: what cannot be read is set aside, and stops nothing else.
-- A script that fails half way leaves half of its changes, so nothing that is stored may make one fail: a key of the
-- wrong type is renamed, a field that is no number is taken out, and the command is done again. Each is kept, with a
-- dead letter whose reason is `unreadable`, until that is dropped.

local HEAD = 512 -- bytes of a bad entry that its letter keeps
local OF_A_SOURCE = {source = true, domains = true, queue = true, delayed = true, seen = true} -- kinds of keys
local UUID = '%x+%-%x+%-%x+%-%x+%-%x+'
local IN_THE_WAY = {'WRONGTYPE', 'not an integer', 'overflow', 'last possible ID'} -- of what is stored

local call, keep_letter, set_source_aside -- the first below, the others in _letters.lua and _forget.lua
local renamed = 0

-- Count what was found at `key`, and keep a letter of it: its head, how long it was, or under which name all of it is.
local function set_aside(key, detail, found, of)
  call('INCR', P .. ':set_aside')
  local letter = {key = key, head = string.sub(found, 1, HEAD), bytes = #found, sha1 = redis.sha1hex(found),
    failures = {{math.floor(now / 1000), 'unreadable', detail}}}
  keep_letter('project', of.tenant or '', 'source', of.source or '', 'url', '', 'reason', 'unreadable',
    'letter', cjson.encode(letter), 'aside', of.aside or '')
end

-- Give a key a name that nothing reads; returns that.
local function renamed_aside(key)
  renamed = renamed + 1
  local name = table.concat({P, ':aside:', time[1], '-', time[2], '-', renamed})
  redis.call('RENAME', key, name)
  return name
end

local function set_key_aside(key, detail)
  if redis.call('EXISTS', key) == 0 then return end
  local kind, name = string.match(string.sub(key, #P + 2), '^(%l+):(.*)$')
  local source = kind and OF_A_SOURCE[kind] and string.match(name, UUID)
  if kind == 'source' and source then return set_source_aside(source, detail) end
  local shown = redis.call('TYPE', key).ok == 'string' and redis.call('GETRANGE', key, 0, HEAD) or ''
  set_aside(key, detail, shown, {aside = renamed_aside(key), source = source})
  if source then set_source_aside(source, 'its key ' .. kind .. ' is not what belongs there') end
end

-- Do a command again once what was in its way is set aside.
local function again(err, command, key, ...)
  for _, words in ipairs(IN_THE_WAY) do
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
  if type(answer) == 'table' and answer.err then return again(answer.err, ...) end
  return answer
end
