-- Keep a message that a worker has taken from its queue, until it is acknowledged or restored.
-- `tag` names the message. The time is Redis's own.
local tag, content = ARGV[2], ARGV[3]

use_reserve()
redis.call('ZADD', prefix .. 'unacked_index', stamp(now()), tag)
redis.call('HSET', prefix .. 'unacked', tag, content)
