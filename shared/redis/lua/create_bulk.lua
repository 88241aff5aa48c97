-- Record a bulk job, unless it is recorded already.
-- `index` is `active` or `ended`, and `score` the job's score in that sorted set. `key` is the
-- idempotency key, or ''. `record` has a field and a value in turn.
-- Answers 0 if another request has the key, else 1.
local id, index, score = ARGV[2], ARGV[3], ARGV[4]
local key, token, fingerprint, seconds = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local record = arguments_from(9)

local job = key_of(id)
if redis.call('EXISTS', job) == 0 then
  if not bind_key(id, key, token, fingerprint, seconds) then
    return 0
  end
  redis.call('HSET', job, unpack(record))
  list(id)
  redis.call('ZADD', prefix .. 'jobs:' .. index, score, id)
end
return 1
