-- Compare-and-set of a job's state. ARGV: prefix, id, to, error, retention, from...
-- Answers whether it moved.
local id, to, reason, retention = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local job = key_of(id)
local state = state_of(id)
local legal = false
for index = 6, #ARGV do
  legal = legal or ARGV[index] == state
end
if not legal then
  return 0
end
local at = now()
redis.call('HSET', job, 'state', to)
if to == 'running' then
  redis.call('HSET', job, 'started_at', stamp(at))
else
  redis.call('HSET', job, 'finished_at', stamp(at))
  redis.call('HDEL', job, 'held_up')
  if reason ~= '' then
    redis.call('HSET', job, 'error', reason)
  end
  redis.call('ZREM', prefix .. 'jobs:active', id)
  redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + retention), id)
  redis.call('DEL', job .. ':leases', job .. ':attempts', job .. ':notes', job .. ':rows')
  ring_bell(id)
end
return 1
