-- Add to the errors that the programs have logged, and keep those that were logged last.
-- `most` is the number of errors to keep, `lifetime` the seconds for which. `found` is JSON: a list of pairs
-- of an id and the fields of a `LoggedError`, whose `count` is that of the new records.
local most, lifetime, found = tonumber(ARGV[2]), tonumber(ARGV[3]), cjson.decode(ARGV[4])
local errors, times = prefix .. 'errors', prefix .. 'errors:times'

use_reserve()

local function forget(ids)
  for _, id in ipairs(ids) do
    redis.call('HDEL', errors, id)
    redis.call('ZREM', times, id)
  end
end

forget(redis.call('ZRANGEBYSCORE', times, '-inf', now() - lifetime))
for _, pair in ipairs(found) do
  local id, fields = pair[1], pair[2]
  count('logged:' .. fields.level, fields.count)
  local readable, known = pcall(cjson.decode, redis.call('HGET', errors, id) or '')
  if readable and type(known) == 'table' and tonumber(known.count) and tonumber(known.first) then
    fields.count = fields.count + known.count
    fields.first = math.min(fields.first, known.first)
  end
  redis.call('HSET', errors, id, cjson.encode(fields))
  redis.call('ZADD', times, fields.last, id)
end
forget(redis.call('ZRANGE', times, 0, -most - 1))
redis.call('EXPIRE', errors, lifetime)
redis.call('EXPIRE', times, lifetime)
