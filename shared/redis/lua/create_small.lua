-- Record a small job, and put it into its model's waiting list.
-- `key` is the idempotency key, or ''. `record` has a field and a value in turn.
-- Answers the length of the waiting list; 0 if the list was full, -1 if another request has the key.
local id, model, rows, max_waiting = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local key, token, fingerprint, seconds = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local record = arguments_from(10)

local job = key_of(id)
local waiting = prefix .. 'small:' .. model
if redis.call('LLEN', waiting) >= max_waiting then
  return 0
end
if not bind_key(id, key, token, fingerprint, seconds) then
  return -1
end
redis.call('HSET', job, unpack(record))
redis.call('SET', job .. ':rows', rows)
list(id)
redis.call('SADD', prefix .. 'small:models', model)
return redis.call('LPUSH', waiting, id)
