-- Take callbacks that are due. ARGV: prefix, how many, lease.
-- Answers {id of the job, how often its callback was taken, ...}.
local due, at, answer = prefix .. 'callbacks', now(), {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', stamp(at), 'LIMIT', 0, ARGV[2])) do
  if redis.call('HGET', key_of(id), 'callback_state') == 'pending' then
    redis.call('ZADD', due, stamp(at + tonumber(ARGV[3])), id)
    answer[#answer + 1] = id
    answer[#answer + 1] = redis.call('HINCRBY', key_of(id), 'callback_attempts', 1)
  else
    -- The job was deleted, or has expired.
    redis.call('ZREM', due, id)
  end
end
return answer
