-- Take up to `limit` callbacks that are due, for a lease.
-- Answers {id of the job, number of times its callback was taken, ...}.
local limit, lease = ARGV[2], tonumber(ARGV[3])

use_reserve()
local due, at, answer = prefix .. 'callbacks', now(), {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', stamp(at), 'LIMIT', 0, limit)) do
  if redis.call('HGET', key_of(id), 'callback_state') == 'pending' then
    redis.call('ZADD', due, stamp(at + lease), id)
    answer[#answer + 1] = id
    answer[#answer + 1] = redis.call('HINCRBY', key_of(id), 'callback_attempts', 1)
  else
    -- The job was deleted, or has expired.
    redis.call('ZREM', due, id)
  end
end
return answer
