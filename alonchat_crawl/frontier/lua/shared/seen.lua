-- The URLs that a source has met. Redis packs a small set of integers into 8 bytes each, so the set is split into
-- buckets by linear hashing (Litwin 1980): one more bucket for every SEEN_BUCKET members, each of at most about 500.

local function buckets_of(count) return math.max(1, math.ceil(count / SEEN_BUCKET)) end

-- The last 15 decimal digits of a fingerprint, which is what a Lua number holds exactly.
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

-- Add one bucket, by splitting bucket number `buckets - power`.
local function split_bucket(source, buckets)
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

-- Note a URL as seen. Returns whether it is new, and how many URLs the source has now met.
local function note_seen(source, fingerprint, count)
  local buckets = buckets_of(count)
  if call('SADD', seen_key(source, bucket_of(fingerprint, buckets)), fingerprint) == 0 then return false, count end
  if buckets_of(count + 1) > buckets then split_bucket(source, buckets) end
  return true, count + 1
end

-- Run a command (UNLINK, PERSIST, PEXPIRE) on each bucket of a source.
local function with_seen(source, command, ...)
  local count = number(call('HGET', source_key(source), 'seen'), 0, SEEN_MOST) or 0
  for bucket = 0, buckets_of(count) - 1 do call(command, seen_key(source, bucket), ...) end
end
