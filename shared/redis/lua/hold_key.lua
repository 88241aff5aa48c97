-- Hold a key for a request. ARGV: prefix, key, token, milliseconds.
-- Answers false where it does, else {milliseconds left, token, job, fingerprint} of who has it; the job
-- is empty where it is not made yet. The key of a job that is gone is free, and that of a request whose
-- answer was lost on its way is held anew.
local key = prefix .. 'key:' .. ARGV[2]
local have = redis.call('HMGET', key, 'token', 'job', 'fingerprint')
local state = have[2] and state_of(have[2])
if have[1] and (not have[2] and have[1] ~= ARGV[3] or state and state ~= 'expired') then
  return {redis.call('PTTL', key), have[1], have[2] or '', have[3] or ''}
end
-- A job that is made with it, and that nobody remembers then, was never recorded.
redis.call('SET', prefix .. 'since', stamp(math.floor(now() * 1000) / 1000), 'NX')
redis.call('DEL', key)
redis.call('HSET', key, 'token', ARGV[3])
redis.call('PEXPIRE', key, ARGV[4])
return false
