-- Record a bulk job, unless it is recorded.
-- ARGV: prefix, id, index, score, (key, token, fingerprint, seconds), field, value ...
-- Answers false where another request has its key.
local id = ARGV[2]
local job = key_of(id)
if redis.call('EXISTS', job) == 0 then
  if not bind_key(5, id) then
    return 0
  end
  redis.call('HSET', job, unpack(ARGV, 9))
  list(id)
  redis.call('ZADD', prefix .. 'jobs:' .. ARGV[3], ARGV[4], id)
end
return 1
