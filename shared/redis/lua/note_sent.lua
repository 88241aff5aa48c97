-- Note that the bytes from `first` to before `last` of the `size` bytes of a job's results were sent; size 0:
-- all of them, in whichever format. When all were sent without a gap, its rows are deleted in `seconds`.
local id, first, last, size = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local seconds = tonumber(ARGV[6])

use_reserve()
local job = key_of(id)
local have = redis.call('HMGET', job, 'state', 'kept_seconds', 'sent_bytes', 'cleared_at', 'downloaded_at')
if have[1] ~= 'succeeded' or not have[2] or have[4] then
  return 0
end
local sent = tonumber(have[3] or '0')
if first <= sent and last > sent then
  sent = last
  redis.call('HSET', job, 'sent_bytes', string.format('%d', sent))
end
if sent >= size and not have[5] then
  local at = now()
  redis.call('HSET', job, 'downloaded_at', stamp(at))
  redis.call('ZADD', prefix .. 'jobs:clear', 'LT', stamp(at + seconds), id)
end
return 1
