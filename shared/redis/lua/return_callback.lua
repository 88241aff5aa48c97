-- Give a callback back that was taken, without an attempt being counted. ARGV: prefix, id, seconds until it is due.
local id, job = ARGV[2], key_of(ARGV[2])
if redis.call('HGET', job, 'callback_state') == 'pending' then
  if tonumber(redis.call('HGET', job, 'callback_attempts') or '0') > 0 then
    redis.call('HINCRBY', job, 'callback_attempts', -1)
  end
  redis.call('ZADD', prefix .. 'callbacks', stamp(now() + tonumber(ARGV[3])), id)
end
