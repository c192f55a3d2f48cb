#!lua flags=allow-oom
-- Give up leased URLs that a worker cannot read, or their whole sources.
-- KEYS  1 prefix
-- ARGV  for each: lease id, what cannot be read ('source' or 'entry'), what is wrong
-- Returns the number of sources completed
for i = 1, #ARGV, 3 do
  local id, what, detail = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local packed = call('HGET', KEY.leases, id)
  local lease = packed and unpacked(packed) or {}
  if what == 'source' and type(lease[1]) == 'string' then
    set_source_aside(lease[1], detail)
  else
    local source, domain = end_lease(id)
    if source then give_up(source, domain, lease[3], detail) end
  end
end
return #completed
