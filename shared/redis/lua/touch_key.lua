-- Renew or release a key, if the request with this token has it, and no job was made with it.
-- ARGV: prefix, key, token, milliseconds (0: release it).
local key = prefix .. 'key:' .. ARGV[2]
local have = redis.call('HMGET', key, 'token', 'job')
if have[1] == ARGV[3] and not have[2] then
  if ARGV[4] == '0' then
    redis.call('DEL', key)
  else
    redis.call('PEXPIRE', key, ARGV[4])
  end
end
