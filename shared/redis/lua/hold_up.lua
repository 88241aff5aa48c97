-- Give a part back, and take back its attempt. The job shows the reason until a part is done. Until it is
-- dispatched again the part takes no lane, so that others go on.
local id, part, lease, reason = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

use_reserve()
local job = key_of(id)
if state_of(id) == 'running' then
  if tonumber(redis.call('HGET', job .. ':attempts', part) or '0') > 0 then
    redis.call('HINCRBY', job .. ':attempts', part, -1)
  end
  redis.call('ZADD', job .. ':leases', 'XX', stamp(now() + lease), part)
  redis.call('HSET', job, 'held_up', reason)
  local full_name = redis.call('HGET', job, 'full_name')
  free_lane(id, full_name, part)
  free_lane(id, full_name, -2)
end
