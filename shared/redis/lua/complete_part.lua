-- Mark a part done, once.
-- ARGV: prefix, id, part, completed, failed, lanes, lease, retention, first bad row or '', which it is,
-- then of its scores: the sum, the least, the most ('' where there is none), and field, count, ... of
-- the summary.
-- Answers {wanted, all_done, part to dispatch...}; wanted is 0 where the job has ended or is gone, and 2
-- where it has failed at this, because too many of its rows have an error.
local id, part = ARGV[2], ARGV[3]
local lanes, lease = tonumber(ARGV[6]), tonumber(ARGV[7])
local job = key_of(id)
if state_of(id) ~= 'running' or not is_dispatched(id, part) then
  return {0, 0}
end
redis.call('ZREM', job .. ':leases', part)
if redis.call('SETBIT', job .. ':done', part, 1) == 1 then
  return {1, 0}
end
redis.call('HINCRBY', job, 'completed', ARGV[4])
redis.call('HINCRBY', job, 'failed', ARGV[5])
redis.call('HINCRBY', job, 'done', 1)
redis.call('HDEL', job, 'held_up')
local full_name = redis.call('HGET', job, 'full_name')
count('completed:' .. full_name, ARGV[4])
count('failed:' .. full_name, ARGV[5])
count('parts:' .. full_name, 1)
local summary = job .. ':summary'
if ARGV[12] and ARGV[12] ~= '' then
  redis.call('HINCRBYFLOAT', summary, 'total', ARGV[11])
  local have = redis.call('HMGET', summary, 'least', 'most')
  if not have[1] or tonumber(ARGV[12]) < tonumber(have[1]) then
    redis.call('HSET', summary, 'least', ARGV[12])
  end
  if not have[2] or tonumber(ARGV[13]) > tonumber(have[2]) then
    redis.call('HSET', summary, 'most', ARGV[13])
  end
end
for index = 14, #ARGV, 2 do
  redis.call('HINCRBY', summary, ARGV[index], ARGV[index + 1])
end
if tonumber(ARGV[5]) > 0 then
  redis.call('SETBIT', job .. ':bad', part, 1)
end
if ARGV[9] ~= '' then
  local first = tonumber(redis.call('HGET', job, 'first_bad_row') or '')
  if not first or tonumber(ARGV[9]) < first then
    redis.call('HSET', job, 'first_bad_row', ARGV[9], 'first_bad', ARGV[10])
  end
  if give_up(id, tonumber(ARGV[8])) then
    return {2, 0}
  end
end
return go_on(id, lanes, lease)
