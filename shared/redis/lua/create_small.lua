-- Record a small job, and put it into its model's waiting list.
-- ARGV: prefix, id, model, rows, most that may wait, (key, token, fingerprint, seconds), field, value ...
-- Answers how many wait now; 0 where there was no room, -1 where another request has its key.
local id = ARGV[2]
local job = key_of(id)
local waiting = prefix .. 'small:' .. ARGV[3]
if redis.call('LLEN', waiting) >= tonumber(ARGV[5]) then
  return 0
end
if not bind_key(6, id) then
  return -1
end
redis.call('HSET', job, unpack(ARGV, 10))
redis.call('SET', job .. ':rows', ARGV[4])
list(id)
redis.call('SADD', prefix .. 'small:models', ARGV[3])
return redis.call('LPUSH', waiting, id)
