-- Find what a bulk job waits for although its lease is over, and renew these leases, so that the next
-- call does not find the same at once. A job that has lost its turn gets one, so that nothing stands still.
-- `queue` is the key of the queue of its model's parts, `place` the member of the finish among the leases.
-- Answers {split, finish, part ...}.
local id, lease, queue, place = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]

use_reserve()
local job, at = key_of(id), now()
local have = redis.call('HMGET', job, 'state', 'split', 'split_lease')
local one = look(id)
if one.open and has_more(one, math.huge) then
  take_turns(id, one)
end
local split = have[2] ~= '1' and not one.to_split and tonumber(have[3] or '0') < at
if split then
  redis.call('HSET', job, 'split_lease', stamp(at + lease))
end
local finish = have[1] == 'running' and all_done(id) and not is_leased(id, place)
if finish then
  redis.call('ZREM', job .. ':leases', place)
end
local answer = {split and 1 or 0, finish and 1 or 0}
local late = redis.call('ZRANGEBYSCORE', job .. ':leases', '-inf', stamp(at))
local queued = #late > 0 and redis.call('LLEN', queue) > 0
for _, part in ipairs(late) do
  -- A part that no worker has begun most likely waits in a long queue, and a second message would
  -- make the queue longer: wait once more, ten times as long.
  local waits = queued and redis.call('HSETNX', job .. ':attempts', part, 0) == 1
  if not waits then
    answer[#answer + 1] = tonumber(part)
    if tonumber(part) >= 0 then
      redis.call('SADD', prefix .. 'lanes:' .. one.full_name, id .. ' ' .. part)
    end
  end
  redis.call('ZADD', job .. ':leases', stamp(at + (waits and 10 or 1) * lease), part)
end
return answer
