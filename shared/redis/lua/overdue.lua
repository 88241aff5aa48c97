-- What a bulk job waits for and should not have to.
-- ARGV: prefix, id, lease, queue, the place of the finish among the leases.
-- Renews the leases of what it names, so that the next call does not name it again at once.
-- Answers {split, finish, part...}.
local id, lease = ARGV[2], tonumber(ARGV[3])
local job, at = key_of(id), now()
local have = redis.call('HMGET', job, 'state', 'split', 'split_lease')
local split = have[2] ~= '1' and tonumber(have[3] or '0') < at
if split then
  redis.call('HSET', job, 'split_lease', stamp(at + lease))
end
local finish = have[1] == 'running' and all_done(id) and not is_leased(id, ARGV[5])
if finish then
  redis.call('ZREM', job .. ':leases', ARGV[5])
end
local answer = {split and 1 or 0, finish and 1 or 0}
local late = redis.call('ZRANGEBYSCORE', job .. ':leases', '-inf', stamp(at))
local queued = #late > 0 and redis.call('LLEN', ARGV[4]) > 0
for _, part in ipairs(late) do
  -- One that was never taken up most likely waits in a long queue, which copies would make longer:
  -- it is waited for once more, ten times as long.
  local waits = queued and redis.call('HSETNX', job .. ':attempts', part, 0) == 1
  if not waits then
    answer[#answer + 1] = tonumber(part)
  end
  redis.call('ZADD', job .. ':leases', stamp(at + (waits and 10 or 1) * lease), part)
end
return answer
