-- Answer small jobs and questions.
-- ARGV: prefix, retention, unread, n, then n of (id, result, completed, failed ...) in one row,
-- then (list of an asker, answers ...).
local retention, unread, last = tonumber(ARGV[2]), ARGV[3], 4 + tonumber(ARGV[4])
local at = now()
for index = 5, last, 4 do
  local id, result, completed, failed = unpack(ARGV, index, index + 3)
  local job = key_of(id)
  redis.call('ZREM', prefix .. 'small:claims', id)
  if state_of(id) == 'running' then
    redis.call('HSET', job, 'state', 'succeeded', 'finished_at', stamp(at),
      'completed', completed, 'failed', failed)
    redis.call('SET', job .. ':result', result)
    redis.call('DEL', job .. ':rows', job .. ':notes')
    redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + retention), id)
    ring_bell(id)
  end
end
for index = last + 1, #ARGV, 2 do
  redis.call('RPUSH', ARGV[index], ARGV[index + 1])
  redis.call('EXPIRE', ARGV[index], unread)
end
