-- Put a message into a queue of Celery's.
local queue, message = ARGV[2], ARGV[3]

use_reserve()
redis.call('LPUSH', prefix .. queue, message)
