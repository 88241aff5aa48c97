-- Mark a part done, and count its rows once.
-- `first_bad_row` and `first_bad` are the number and the description of the first row with an error, or
-- ''. `summary` is that of the part: the number of kinds of errors, each with its rows; for each output
-- `labels` and its `Labels` as JSON, or `numbers`, the shift, the total, the least and the largest value,
-- the most blocks, and the number of blocks, each with its number and its counts; for each pair of outputs
-- of two models `comparison`, its number, its JSON, the most rows and the most values; then `watched`, and the
-- number of counts, each with its field and a block; see `summaries.py`.
-- `bytes` and `micros` are what the part took, see `Cost` in `shared/jobs/usage.py`; the usage of a day is
-- kept for `usage_seconds`. `libraries` are the versions of what scored it, or ''.
-- Answers {wanted, all_done, step to dispatch ...}; see `go_on`. `wanted` is 0 if the job has ended or is gone,
-- and 2 if too many rows have an error, so that the job has failed.
local id, part, completed, failed, lanes = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local lease, retention = tonumber(ARGV[7]), tonumber(ARGV[8])
local first_bad_row, first_bad = ARGV[9], ARGV[10]
local bytes, micros, usage_seconds = ARGV[11], ARGV[12], ARGV[13]
local libraries, summary = ARGV[14], arguments_from(15)
use_reserve()

-- So many parts for each lane (two are usual for a process) lie between two marks of the rate of a job. Several
-- processes may end their parts together, which moves a rate over fewer parts up and down by more than a fifth.
local MARK_PARTS = 2

-- Mark the time and the rows from which on the shown rate of the job counts: `recent_at` and `recent_rows`, the
-- mark before the last one. So the rate is that of the last one to two times as many parts.
local function mark_rate(job, have, rows)
  local done, marked = tonumber(have[1]) + 1, tonumber(have[2] or '0')
  if done - marked >= math.max(MARK_PARTS * lanes, 1) then
    redis.call('HSET', job, 'recent_at', have[3] or have[5], 'recent_rows', have[4] or '0',
      'mark_done', done, 'mark_at', stamp(now()), 'mark_rows', string.format('%d', rows))
  end
end

local job = key_of(id)
local have = redis.call('HMGET', job, 'state', 'dispatched', 'full_name', 'account', 'retry_of', 'held_up',
  'libraries', 'done', 'mark_done', 'mark_at', 'mark_rows', 'started_at', 'completed', 'failed')
-- A process that still works on a part may be older than the record: from before Redis lost its data.
if have[1] ~= 'running' or tonumber(part) >= tonumber(have[2]) then
  return {0, 0}
end
local full_name, account, retry_of = unpack(have, 3, 5)
redis.call('ZREM', job .. ':leases', part)
free_lane(id, full_name, part)
if redis.call('SETBIT', job .. ':done', part, 1) == 1 then
  return {1, 0}
end
if have[12] then
  local before = tonumber(have[13] or '0') + tonumber(have[14] or '0')
  mark_rate(job, {unpack(have, 8, 12)}, before + completed + failed)
end
redis.call('HINCRBY', job, 'completed', completed)
redis.call('HINCRBY', job, 'done', 1)
count('completed:' .. full_name, completed)
count('parts:' .. full_name, 1)
if tonumber(part) % 16 == 0 then
  -- A command for each part would cost more than it tells; `begin_finish` notes the end.
  note_use(full_name)
end
if have[6] then
  redis.call('HDEL', job, 'held_up')
end
-- A line for each set of versions: workers may be upgraded while the job runs.
if libraries ~= '' and not string.find(have[7] or '', libraries, 1, true) then
  redis.call('HSET', job, 'libraries', have[7] and have[7] .. '\n' .. libraries or libraries)
end
if retry_of and redis.call('GETBIT', job .. ':counted', part) == 1 then
  redis.call('HINCRBY', job, 'uncounted', completed + failed)
else
  local sums = {}
  sum_up(sums, account, {completed, failed, bytes, micros})
  count_usage(sums, usage_seconds)
end
add_summary(job, summary)
if tonumber(failed) > 0 then
  redis.call('HINCRBY', job, 'failed', failed)
  count('failed:' .. full_name, failed)
  redis.call('SETBIT', job .. ':bad', part, 1)
end
if first_bad_row ~= '' then
  local first = tonumber(redis.call('HGET', job, 'first_bad_row') or '')
  if not first or tonumber(first_bad_row) < first then
    redis.call('HSET', job, 'first_bad_row', first_bad_row, 'first_bad', first_bad)
  end
  if fail_if_too_many_errors(id, retention) then
    settle_budgets(id, true)
    count_watched(id)
    return {2, 0}
  end
end
return go_on(id, lanes, lease)
