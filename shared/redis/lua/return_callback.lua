-- Give back a callback that was taken, and take back its attempt. It is due again in `seconds`.
local id, seconds = ARGV[2], tonumber(ARGV[3])

use_reserve()
local job = key_of(id)
if redis.call('HGET', job, 'callback_state') == 'pending' then
  if tonumber(redis.call('HGET', job, 'callback_attempts') or '0') > 0 then
    redis.call('HINCRBY', job, 'callback_attempts', -1)
  end
  redis.call('ZADD', prefix .. 'callbacks', stamp(now() + seconds), id)
end
