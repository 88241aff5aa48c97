-- Close small jobs, and send the answers to questions.
-- `answered` is JSON: the number of rows of the questions, by the full name of their model.
-- `count_of_values` is the number of values in the flat list of jobs, six for each job: id, result, its
-- checksum, completed, failed, the first row with an error. A flat list of replies follows, two values for each
-- asker: the key of its list, and its answers.
local retention, unread_seconds, answered = tonumber(ARGV[2]), ARGV[3], cjson.decode(ARGV[4])
local count_of_values, values = tonumber(ARGV[5]), arguments_from(6)

use_reserve()
local at = now()
for index = 1, count_of_values, 6 do
  local id, result, sum, completed, failed, first_bad = unpack(values, index, index + 5)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'state', 'total', 'tolerance', 'retention', 'callback_state')
  redis.call('ZREM', prefix .. 'small:claims', id)
  if have[1] == 'running' then
    local reason = have[3] and too_many_errors(have[3], tonumber(failed), tonumber(have[2]), first_bad)
    local state = reason and 'failed' or 'succeeded'
    redis.call('HSET', job, 'state', state, 'finished_at', stamp(at),
      'completed', completed, 'failed', failed, 'result_sum', sum)
    redis.call('SET', job .. ':result', result)
    if reason then
      redis.call('HSET', job, 'error', reason)
      redis.call('DEL', job .. ':notes')
      keep_rows(id)
    else
      redis.call('DEL', job .. ':rows', job .. ':notes')
    end
    redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + (tonumber(have[4] or '') or retention)), id)
    redis.call('ZADD', prefix .. 'small:ended', stamp(at), id)
    if have[5] then
      call_back(id)
    end
    ring_bell(id)
    local full_name = redis.call('HGET', job, 'full_name')
    count('completed:' .. full_name, completed)
    count('failed:' .. full_name, failed)
    count('ended:' .. state, 1)
  end
end
for index = count_of_values + 1, #values, 2 do
  local asker, answers = values[index], values[index + 1]
  redis.call('RPUSH', asker, answers)
  redis.call('EXPIRE', asker, unread_seconds)
end
for full_name, rows in pairs(answered) do
  count('answered:' .. full_name, rows)
end
