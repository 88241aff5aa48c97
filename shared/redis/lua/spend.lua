-- Count a request of an owner in a window of `window` seconds.
-- Answers {requests in the window, milliseconds until its end}.
local owner, window = ARGV[2], tonumber(ARGV[3])

use_reserve()
local key = prefix .. 'spent:' .. owner
local requests = redis.call('INCR', key)
if requests == 1 then
  redis.call('PEXPIRE', key, window * 1000)
end
return {requests, redis.call('PTTL', key)}
