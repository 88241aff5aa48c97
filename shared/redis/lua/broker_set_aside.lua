-- Keep a message that cannot be read, for the operator; at most `most` of them.
-- `tag` is '' if the message was not taken yet.
local message, most, tag = ARGV[2], tonumber(ARGV[3]), ARGV[4]

use_reserve()
redis.call('LPUSH', prefix .. 'malformed', message)
redis.call('LTRIM', prefix .. 'malformed', 0, most - 1)
redis.call('ZREM', prefix .. 'unacked_index', tag)
redis.call('HDEL', prefix .. 'unacked', tag)
