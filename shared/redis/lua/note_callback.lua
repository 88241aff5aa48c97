-- Record the outcome of an attempt to deliver a callback. `seconds` is the time until the next attempt.
local id, state, error, seconds = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

use_reserve()
local job = key_of(id)
if redis.call('HGET', job, 'callback_state') == 'pending' then
  redis.call('HSET', job, 'callback_state', state)
  if error == '' then
    redis.call('HDEL', job, 'callback_error')
  else
    redis.call('HSET', job, 'callback_error', error)
  end
  if state == 'pending' then
    redis.call('ZADD', prefix .. 'callbacks', stamp(now() + seconds), id)
  else
    redis.call('ZREM', prefix .. 'callbacks', id)
  end
end
