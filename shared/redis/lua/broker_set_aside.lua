-- Keep a message that cannot be read, for the operator; at most `most` of them.
local message, most = ARGV[2], tonumber(ARGV[3])

use_reserve()
redis.call('LPUSH', prefix .. 'malformed', message)
redis.call('LTRIM', prefix .. 'malformed', 0, most - 1)
