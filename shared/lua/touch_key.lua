-- Renew or release a key, if the request with this token has it, and has made no job with it; after
-- one was made it is released all the same. ARGV: prefix, key, token, milliseconds (0: release it).
local key = prefix .. 'key:' .. ARGV[2]
local have = redis.call('HMGET', key, 'token', 'job')
if have[1] == ARGV[3] then
  if ARGV[4] == '0' then
    redis.call('DEL', key)
  elseif not have[2] then
    redis.call('PEXPIRE', key, ARGV[4])
  end
end
