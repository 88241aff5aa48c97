-- Mark a part done, and count its rows once.
-- `first_bad_row` and `first_bad` are the number and the description of the first row with an error, or
-- ''. `score_sum`, `least` and `most` describe the scores; the last two are '' if there is no score.
-- `counts` has a field and a number in turn, to be added to the summary.
-- Answers {wanted, all_done, part to dispatch ...}; see `shared.jobs.job_store.Walk`. `wanted` is 0 if
-- the job has ended or is gone, and 2 if too many rows have an error, so that the job has failed.
local id, part, completed, failed, lanes = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local lease, retention = tonumber(ARGV[7]), tonumber(ARGV[8])
local first_bad_row, first_bad = ARGV[9], ARGV[10]
local score_sum, least, most = ARGV[11], ARGV[12], ARGV[13]
local counts = arguments_from(14)

use_reserve()
local job = key_of(id)
if state_of(id) ~= 'running' or not is_dispatched(id, part) then
  return {0, 0}
end
redis.call('ZREM', job .. ':leases', part)
if redis.call('SETBIT', job .. ':done', part, 1) == 1 then
  return {1, 0}
end
redis.call('HINCRBY', job, 'completed', completed)
redis.call('HINCRBY', job, 'failed', failed)
redis.call('HINCRBY', job, 'done', 1)
redis.call('HDEL', job, 'held_up')
local full_name = redis.call('HGET', job, 'full_name')
count('completed:' .. full_name, completed)
count('failed:' .. full_name, failed)
count('parts:' .. full_name, 1)
local summary = job .. ':summary'
if least and least ~= '' then
  redis.call('HINCRBYFLOAT', summary, 'total', score_sum)
  local have = redis.call('HMGET', summary, 'least', 'most')
  if not have[1] or tonumber(least) < tonumber(have[1]) then
    redis.call('HSET', summary, 'least', least)
  end
  if not have[2] or tonumber(most) > tonumber(have[2]) then
    redis.call('HSET', summary, 'most', most)
  end
end
for index = 1, #counts, 2 do
  redis.call('HINCRBY', summary, counts[index], counts[index + 1])
end
if tonumber(failed) > 0 then
  redis.call('SETBIT', job .. ':bad', part, 1)
end
if first_bad_row ~= '' then
  local first = tonumber(redis.call('HGET', job, 'first_bad_row') or '')
  if not first or tonumber(first_bad_row) < first then
    redis.call('HSET', job, 'first_bad_row', first_bad_row, 'first_bad', first_bad)
  end
  if fail_if_too_many_errors(id, retention) then
    return {2, 0}
  end
end
return go_on(id, lanes, lease)
