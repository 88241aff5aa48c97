-- Count a request. ARGV: prefix, owner, window. Answers {how many in it, ms until its end}.
local key = prefix .. 'spent:' .. ARGV[2]
local count = redis.call('INCR', key)
if count == 1 then
  redis.call('PEXPIRE', key, tonumber(ARGV[3]) * 1000)
end
return {count, redis.call('PTTL', key)}
