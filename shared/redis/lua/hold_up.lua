-- Give a part back, without an attempt being counted. ARGV: prefix, id, part, lease, reason.
local id, part = ARGV[2], ARGV[3]
local job = key_of(id)
if state_of(id) == 'running' then
  if tonumber(redis.call('HGET', job .. ':attempts', part) or '0') > 0 then
    redis.call('HINCRBY', job .. ':attempts', part, -1)
  end
  redis.call('ZADD', job .. ':leases', 'XX', stamp(now() + tonumber(ARGV[4])), part)
  redis.call('HSET', job, 'held_up', ARGV[5])
end
