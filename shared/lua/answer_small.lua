-- Answer a small job. ARGV: prefix, id, result, completed, failed, retention.
local id = ARGV[2]
local job = key_of(id)
redis.call('ZREM', prefix .. 'small:claims', id)
if state_of(id) ~= 'running' then
  return 0
end
local at = now()
redis.call('HSET', job, 'state', 'succeeded', 'finished_at', stamp(at),
  'completed', ARGV[4], 'failed', ARGV[5])
redis.call('SET', job .. ':result', ARGV[3])
redis.call('DEL', job .. ':rows')
local left = redis.call('TTL', job)
if left >= 0 then
  redis.call('EXPIRE', job .. ':result', left)
else
  redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + tonumber(ARGV[6])), id)
end
ring_bell(id)
return 1
