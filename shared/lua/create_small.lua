-- Record a small job, and put it into its model's waiting list.
-- ARGV: prefix, id, model, rows, field, value ...
-- Answers how many wait now.
local id = ARGV[2]
local job = key_of(id)
redis.call('HSET', job, unpack(ARGV, 5))
redis.call('SET', job .. ':rows', ARGV[4])
redis.call('ZADD', prefix .. 'jobs', 0, id)
redis.call('SADD', prefix .. 'small:models', ARGV[3])
return redis.call('LPUSH', prefix .. 'small:' .. ARGV[3], id)
