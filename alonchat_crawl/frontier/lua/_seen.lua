-- Prepended to every transition, after _finish.lua: which URLs a source has met.
-- Sets of integers are kept packed in 8 bytes each as long as they are small, so a source's set is cut into
-- buckets by linear hashing (Litwin 1980): one bucket more for every 200 members, none above some 500.

local BUCKET = 200 -- members on average; set-max-intset-entries is 512

local function seen_key(source, bucket) return P .. ':seen:' .. source .. ':' .. bucket end

local function buckets_of(count) return math.max(1, math.ceil(count / BUCKET)) end

-- A fingerprint's last 15 decimal digits: what a Lua number holds exactly.
local function digits(fingerprint) return tonumber(string.sub(fingerprint, -15)) or 0 end

-- The largest power of two that is at most n.
local function power_below(n)
  local power = 1
  while power * 2 <= n do power = power * 2 end
  return power
end

local function bucket_of(fingerprint, buckets)
  local power = power_below(buckets)
  local bucket = digits(fingerprint) % power
  return bucket < buckets - power and digits(fingerprint) % (power * 2) or bucket
end

-- Cut bucket number `buckets - power` in two, now that there is one more.
local function split(source, buckets)
  local power, moved = power_below(buckets), {}
  local old = seen_key(source, buckets - power)
  for _, fingerprint in ipairs(call('SMEMBERS', old)) do
    if digits(fingerprint) % (power * 2) == buckets then moved[#moved + 1] = fingerprint end
  end
  for i = 1, #moved, 1000 do -- unpack has a limit
    local some = {unpack(moved, i, math.min(i + 999, #moved))}
    call('SREM', old, unpack(some))
    call('SADD', seen_key(source, buckets), unpack(some))
  end
end

-- Note a URL as seen; returns whether it is new, and how many the source has now met.
local function note_seen(source, fingerprint, count)
  local buckets = buckets_of(count)
  if call('SADD', seen_key(source, bucket_of(fingerprint, buckets)), fingerprint) == 0 then return false, count end
  if buckets_of(count + 1) > buckets then split(source, buckets) end
  return true, count + 1
end

-- Do something (UNLINK, PERSIST, PEXPIRE) with all that a source has seen.
local function with_seen(source, command, ...)
  local count = number(call('HGET', source_key(source), 'seen'), 0, SEEN_MOST) or 0
  for bucket = 0, buckets_of(count) - 1 do call(command, seen_key(source, bucket), ...) end
end
