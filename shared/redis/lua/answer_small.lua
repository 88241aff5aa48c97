-- Answer small jobs and questions.
-- ARGV: prefix, retention, unread, n, then n of (id, result, completed, failed, which row with an error is
-- the first ...) in one row, then (list of an asker, answers ...).
local retention, unread, last = tonumber(ARGV[2]), ARGV[3], 4 + tonumber(ARGV[4])
local at = now()
for index = 5, last, 5 do
  local id, result, completed, failed, first = unpack(ARGV, index, index + 4)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'state', 'total', 'tolerance', 'retention', 'callback_state')
  redis.call('ZREM', prefix .. 'small:claims', id)
  if have[1] == 'running' then
    local reason = have[3] and too_many_errors(have[3], tonumber(failed), tonumber(have[2]), first)
    local state = reason and 'failed' or 'succeeded'
    redis.call('HSET', job, 'state', state, 'finished_at', stamp(at),
      'completed', completed, 'failed', failed)
    redis.call('SET', job .. ':result', result)
    if reason then
      redis.call('HSET', job, 'error', reason)
      redis.call('DEL', job .. ':notes')
      keep_rows(id)
    else
      redis.call('DEL', job .. ':rows', job .. ':notes')
    end
    redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + (tonumber(have[4] or '') or retention)), id)
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
for index = last + 1, #ARGV, 2 do
  redis.call('RPUSH', ARGV[index], ARGV[index + 1])
  redis.call('EXPIRE', ARGV[index], unread)
end
