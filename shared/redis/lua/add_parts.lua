-- Record parts that were cut.
-- ARGV: prefix, id, known, last, lanes, lease, retention, cut_bytes, part...
-- `known` is how many parts the caller saw: two splits of one job must not both append.
-- Answers {wanted, all_done, part to dispatch...}; wanted is 2 where the job has failed at this, because
-- too many of its rows have an error.
local id, known, last = ARGV[2], tonumber(ARGV[3]), ARGV[4]
local lanes, lease = tonumber(ARGV[5]), tonumber(ARGV[6])
local job = key_of(id)
if state_of(id) ~= 'running' then
  return {0, 0}
end
if redis.call('LLEN', job .. ':parts') ~= known or redis.call('HGET', job, 'split') == '1' then
  return {0, 0}
end
for index = 9, #ARGV do
  local rows = string.match(ARGV[index], '(%d+)$')
  redis.call('RPUSH', job .. ':parts', ARGV[index])
  redis.call('HINCRBY', job, 'parts', 1)
  redis.call('HINCRBY', job, 'cut_rows', rows)
end
if #ARGV > 8 then
  redis.call('HSET', job, 'cut_bytes', ARGV[8])
end
redis.call('HSET', job, 'split_lease', stamp(now() + lease))
if last == '1' then
  redis.call('HSET', job, 'split', '1', 'total', redis.call('HGET', job, 'cut_rows'))
  if give_up(id, tonumber(ARGV[7])) then
    return {2, 0}
  end
end
return go_on(id, lanes, lease)
