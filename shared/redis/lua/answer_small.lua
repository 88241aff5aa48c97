-- Close small jobs, and send the answers to questions.
-- `answered` is JSON: of each question its id, the full name of its model, and its figures: rows with a score,
-- rows with an error, bytes, microseconds, and what was counted of its rows. The usage of a day is kept for
-- `usage_seconds`.
-- `libraries` are the versions of what scored all of them, or ''.
-- `count_of_values` and `count_of_watched` are the numbers of values in two flat lists. The first one has ten
-- values for each job: id, result, its checksum, completed, failed, bytes, microseconds, the first row with an
-- error, what was counted of its rows, and the full name of its model. The second one has what was counted of all
-- rows, three values each: the full name of the model, the field, and a block. A flat list of replies follows, two values for each asker: the
-- key of its list, and its answers.
local retention, unread_seconds, answered = tonumber(ARGV[2]), ARGV[3], cjson.decode(ARGV[4])
local usage_seconds, libraries = ARGV[5], ARGV[6]
local count_of_values, count_of_watched = tonumber(ARGV[7]), tonumber(ARGV[8])
local values = arguments_from(9)

use_reserve()
local at, sums, used = now(), {}, {}
-- The models of which some rows count for reach and drift, and what was counted of the rows that do not: of jobs
-- that run no more, and of questions that have an answer. Those are few, and mostly none.
local has_counts, left_out = {}, {}
for index = 1, count_of_values, 10 do
  local id, result, sum, completed, failed, bytes, micros, first_bad, watched, model =
    unpack(values, index, index + 9)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'state', 'total', 'tolerance', 'retention', 'callback_state',
    'full_name', 'account')
  redis.call('ZREM', prefix .. 'small:claims', id)
  if have[1] == 'running' then
    local reason = have[3] and too_many_errors(have[3], tonumber(failed), tonumber(have[2]), first_bad)
    local state = reason and 'failed' or 'succeeded'
    redis.call('HSET', job, 'state', state, 'finished_at', stamp(at),
      'completed', completed, 'failed', failed, 'result_sum', sum, 'libraries', libraries)
    if watched ~= '' then
      redis.call('HSET', job, 'watched', watched)
    end
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
    local full_name = have[6]
    sum_up(sums, have[7], {completed, failed, bytes, micros})
    used[full_name] = true
    count('completed:' .. full_name, completed)
    count('failed:' .. full_name, failed)
    count('ended:' .. state, 1)
    has_counts[full_name] = true
  else
    left_out[#left_out + 1] = {model, watched}
  end
end
for index = count_of_values + count_of_watched + 1, #values, 2 do
  local asker, answers = values[index], values[index + 1]
  redis.call('RPUSH', asker, answers)
  redis.call('EXPIRE', asker, unread_seconds)
end

-- A question is counted with its first answer: the next one finds it no more.
local rows_of_models, ids_of = {}, {}
for _, question in ipairs(answered) do
  local id, full_name, completed, failed = unpack(question)
  rows_of_models[full_name] = (rows_of_models[full_name] or 0) + completed + failed
  local asked = asked_about(id)
  ids_of[asked] = ids_of[asked] or {}
  table.insert(ids_of[asked], id)
end
local remembered = {}
for asked, ids in pairs(ids_of) do
  local found = false
  for first = 1, #ids, MOST_AT_ONCE do
    local last = math.min(first + MOST_AT_ONCE - 1, #ids)
    for place, text in ipairs(redis.call('HMGET', asked, unpack(ids, first, last))) do
      remembered[ids[first + place - 1]] = text
      found = found or text
    end
  end
  for first = 1, found and #ids or 0, MOST_AT_ONCE do
    redis.call('HDEL', asked, unpack(ids, first, math.min(first + MOST_AT_ONCE - 1, #ids)))
  end
end
for _, question in ipairs(answered) do
  local id, full_name, completed, failed, bytes, micros, watched = unpack(question)
  local text = remembered[id]
  if text then
    remembered[id] = nil
    sum_up(sums, string.match(text, '^[^\n]*'), {completed, failed, bytes, micros})
    has_counts[full_name] = true
  else
    left_out[#left_out + 1] = {full_name, watched}
  end
end
for full_name, rows in pairs(rows_of_models) do
  used[full_name] = true
  count('answered:' .. full_name, rows)
end
for full_name in pairs(used) do
  note_use(full_name)
end
count_usage(sums, usage_seconds)

local of_models = {}
for index = count_of_values + 1, count_of_values + count_of_watched, 3 do
  local full_name, field, block = unpack(values, index, index + 2)
  of_models[full_name] = of_models[full_name] or {}
  of_models[full_name][field] = block
end
for _, one in ipairs(left_out) do
  local full_name, watched = unpack(one)
  if has_counts[full_name] then
    take_out(of_models[full_name] or {}, watched)
  end
end
for full_name, blocks in pairs(of_models) do
  if has_counts[full_name] then
    count_in_hour(full_name, blocks)
  end
end
