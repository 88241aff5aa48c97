-- Record parts that were cut, and hand out steps of the model's jobs.
-- `known` is the number of parts that the caller saw: two splits of one job must not both append.
-- Answers {wanted, all_done, step to dispatch ...}; see `go_on`. `wanted` is 0 if another split goes on, and 2
-- if too many rows have an error, so that the job has failed.
local id, known, last, lanes = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local lease, retention, cut_bytes = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]
local parts = arguments_from(9)

use_reserve()
local job = key_of(id)
if state_of(id) ~= 'running' then
  return {0, 0}
end
if redis.call('LLEN', job .. ':parts') ~= known or redis.call('HGET', job, 'split') == '1' then
  return {0, 0}
end
if #parts > 0 then
  local rows = 0
  for _, part in ipairs(parts) do
    rows = rows + tonumber(string.match(part, '(%d+)$'))
  end
  redis.call('RPUSH', job .. ':parts', unpack(parts))
  redis.call('HINCRBY', job, 'parts', #parts)
  redis.call('HINCRBY', job, 'cut_rows', string.format('%d', rows))
  redis.call('HSET', job, 'cut_bytes', cut_bytes)
end
redis.call('HSET', job, 'split_lease', stamp(now() + lease))
redis.call('HDEL', job, 'to_split')
-- From its first parts on these take the lanes: a split takes its process, and none that waits behind it.
free_lane(id, redis.call('HGET', job, 'full_name'), -2)
if last == '1' then
  redis.call('HSET', job, 'split', '1', 'total', redis.call('HGET', job, 'cut_rows'))
  settle_budgets(id, false)
  if fail_if_too_many_errors(id, retention) then
    settle_budgets(id, true)
    count_watched(id)
    return {2, 0}
  end
end
return go_on(id, lanes, lease)
