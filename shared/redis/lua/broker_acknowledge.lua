-- Forget a message that a worker has taken.
local tag = ARGV[2]

use_reserve()
redis.call('ZREM', prefix .. 'unacked_index', tag)
redis.call('HDEL', prefix .. 'unacked', tag)
