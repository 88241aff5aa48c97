-- Hold a key for a request. ARGV: prefix, key, token, milliseconds.
-- Answers false where it does, else {milliseconds left, token, job, fingerprint} of who has it; the job
-- is empty where it is not made yet. The key of a job that is gone is free.
local key = prefix .. 'key:' .. ARGV[2]
local have = redis.call('HMGET', key, 'token', 'job', 'fingerprint')
local state = have[2] and state_of(have[2])
if have[1] and (not have[2] or state and state ~= 'expired') then
  return {redis.call('PTTL', key), have[1], have[2] or '', have[3] or ''}
end
redis.call('DEL', key)
redis.call('HSET', key, 'token', ARGV[3])
redis.call('PEXPIRE', key, ARGV[4])
return false
