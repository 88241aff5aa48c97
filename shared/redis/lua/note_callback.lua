-- Note what became of an attempt to deliver a callback. ARGV: prefix, id, state, error, seconds until the next.
local id, job = ARGV[2], key_of(ARGV[2])
if redis.call('HGET', job, 'callback_state') == 'pending' then
  redis.call('HSET', job, 'callback_state', ARGV[3])
  if ARGV[4] == '' then
    redis.call('HDEL', job, 'callback_error')
  else
    redis.call('HSET', job, 'callback_error', ARGV[4])
  end
  if ARGV[3] == 'pending' then
    redis.call('ZADD', prefix .. 'callbacks', stamp(now() + tonumber(ARGV[5])), id)
  else
    redis.call('ZREM', prefix .. 'callbacks', id)
  end
end
