-- Keep a message that a worker has taken from its queue, until it is acknowledged or restored.
-- `tag` names the message, `taken_at` is the worker's time.
local tag, taken_at, content = ARGV[2], ARGV[3], ARGV[4]

use_reserve()
redis.call('ZADD', prefix .. 'unacked_index', taken_at, tag)
redis.call('HSET', prefix .. 'unacked', tag, content)
