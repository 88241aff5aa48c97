-- Renew or release an idempotency key, if the request with this token holds it and has made no job.
-- `milliseconds` is '0' to release the key.
local hash, token, milliseconds = ARGV[2], ARGV[3], ARGV[4]

use_reserve()
local key = prefix .. 'key:' .. hash
local have = redis.call('HMGET', key, 'token', 'job')
if have[1] == token and not have[2] then
  if milliseconds == '0' then
    redis.call('DEL', key)
  else
    redis.call('PEXPIRE', key, milliseconds)
  end
end
