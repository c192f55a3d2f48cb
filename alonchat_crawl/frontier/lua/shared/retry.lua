-- Retries a leased URL, or gives it up.

local function url_of(source, entry)
  if entry[3] < 0 then return entry[4] end
  local index = 0
  for origin in string.gmatch(call('HGET', source_key(source), 'origins'), '%S+') do
    if index == entry[3] then return origin .. entry[4] end
    index = index + 1
  end
end

-- Queue a URL again, at once or after delay_ms. If its source is ending, drop it.
local function put_back(source, domain, entry, delay_ms)
  local ends = call('HGET', source_key(source), 'ends')
  if ends then
    finish(source, 'refused', ends, 1)
  elseif delay_ms > 0 then
    call('ZADD', delayed_key(source), now + delay_ms, cmsgpack.pack({domain, cmsgpack.pack(entry)}))
    call('ZADD', KEY.delayed_sources, 'LT', now + delay_ms, source)
  else
    enqueue(source, domain, cmsgpack.pack(entry), true)
  end
end

-- Note a failed attempt. Retry after delay_ms, or give up if it was the last of max_attempts.
local function fail(source, domain, entry, reason, detail, delay_ms, max_attempts)
  local failures = entry[6] or {}
  failures[#failures + 1] = {math.floor(now / 1000), reason, detail}
  entry[6] = failures
  if #failures < max_attempts then
    call('HINCRBY', source_key(source), 'n:retry', 1)
    put_back(source, domain, entry, delay_ms)
    return
  end
  local url = url_of(source, entry) or ''
  local letter = {crawl = call('HGET', source_key(source), 'crawl'), kind = entry[1], depth = entry[2],
    hops = entry[5], domain = domain, failures = failures}
  keep_letter('project', call('HGET', source_key(source), 'tenant'), 'source', source, 'url', url,
    'reason', reason, 'letter', cjson.encode(letter))
  if entry[1] == 0 then call('HSET', source_key(source), 'first_failure', detail) end
  finish(source, 'dead', reason, 1)
end
