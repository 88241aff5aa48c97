-- Record a bulk job, unless it is recorded. ARGV: prefix, id, index, score, field, value ...
local id = ARGV[2]
local job = key_of(id)
if redis.call('EXISTS', job) == 0 then
  redis.call('HSET', job, unpack(ARGV, 5))
  list(id)
  redis.call('ZADD', prefix .. 'jobs:' .. ARGV[3], ARGV[4], id)
end
