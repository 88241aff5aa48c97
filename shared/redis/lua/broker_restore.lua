-- Put a message that a worker has taken back into its queues, unless another worker has done so.
-- `push` is RPUSH for the end from which workers take messages, else LPUSH.
local tag, message, push = ARGV[2], ARGV[3], ARGV[4]
local queues = arguments_from(5)

use_reserve()
redis.call('ZREM', prefix .. 'unacked_index', tag)
if redis.call('HDEL', prefix .. 'unacked', tag) == 1 then
  for _, queue in ipairs(queues) do
    redis.call(push, prefix .. queue, message)
  end
end
