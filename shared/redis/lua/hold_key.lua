-- Try to take an idempotency key for a request.
-- Answers false on success, else {milliseconds left, token, job, fingerprint} of the current holder; the
-- job is '' until it is recorded. A key whose job is gone is free. A request that already holds the key,
-- because the answer to its first attempt was lost, takes it again.
local hash, token, milliseconds = ARGV[2], ARGV[3], ARGV[4]

local key = prefix .. 'key:' .. hash
local have = redis.call('HMGET', key, 'token', 'job', 'fingerprint', 'archived')
local state = have[2] and state_of(have[2])
local exists = state and state ~= 'expired' or tonumber(have[4] or '0') > now()
if have[1] and (not have[2] and have[1] ~= token or exists) then
  return {redis.call('PTTL', key), have[1], have[2] or '', have[3] or ''}
end
-- If Redis later knows no job for this key, that job was never recorded.
redis.call('SET', prefix .. 'since', stamp(math.floor(now() * 1000) / 1000), 'NX')
drop_key(hash)
redis.call('HSET', key, 'token', token)
redis.call('PEXPIRE', key, milliseconds)
return false
