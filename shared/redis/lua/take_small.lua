-- Take waiting small jobs and questions of a model, in turns, up to `room` rows; or `beside_bulk` while a message
-- waits in the model's queue of bulk steps, which is `queue`, or several owners wait. `weights` is JSON: the
-- weights of owners that are not 1.
-- One that was attempted before is taken alone: it may be what killed its worker.
-- Answers {number still waiting, id, attempts, rows as sent, address for the answer, note, traceparent,
-- number of rows, checksum of the rows, ...}, eight values for each. A question has no checksum.
local model, room, beside_bulk = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local queue, lease, weights = ARGV[5], tonumber(ARGV[6]), cjson.decode(ARGV[7])

use_reserve()
find_older(model)
local owner, priority, other, another = turn_of(model)
if beside_bulk < room and (other or redis.call('EXISTS', prefix .. queue) == 1) then
  room = beside_bulk
end
local owners = owners_waiting(model)
local answer = {0}

-- A job waits as its id. A question waits as "id rows attempts reply_to\nits rows", with the
-- traceparent after `reply_to` if it has one.
local function parse(item)
  local id, rows, attempts, reply_to, trace, text =
    string.match(item, '^(%x+) (%d+) (%d+) (%S+) ?(%S*)\n(.*)$')
  if id then
    return id, true, tonumber(rows), tonumber(attempts), reply_to, trace, text
  end
  local have = redis.call('HMGET', key_of(item), 'state', 'total', 'small_attempts', 'traceparent')
  local open = have[1] == 'queued' or have[1] == 'running'
  return item, open, tonumber(have[2] or '0'), tonumber(have[3] or '0'), '', have[4] or ''
end

while room > 0 and owner do
  local item = redis.call('LINDEX', list_of(model, owner, priority), -1)
  local id, open, rows, attempts, reply_to, trace, text
  if item then
    id, open, rows, attempts, reply_to, trace, text = parse(item)
    if open and #answer > 1 and (attempts > 0 or rows > room) then
      break
    end
    pop_waiting(model, owner, priority)
  end
  if text then
    redis.call('HINCRBY', prefix .. 'held', 'all', -#item)
  end
  if open then
    local note, sum = '', ''
    if not text then
      local job, at = key_of(id), now()
      redis.call('HSET', job, 'state', 'running', 'small_attempts', attempts + 1)
      redis.call('HSETNX', job, 'started_at', stamp(at))
      redis.call('ZADD', prefix .. 'small:claims', stamp(at + lease), id)
      text = redis.call('GET', job .. ':rows') or ''
      sum = redis.call('HGET', job, 'rows_sum') or ''
      note = attempts > 0 and redis.call('HGET', job .. ':notes', 0) or ''
    end
    answer[#answer + 1] = id
    answer[#answer + 1] = attempts + 1
    answer[#answer + 1] = text
    answer[#answer + 1] = reply_to
    answer[#answer + 1] = note
    answer[#answer + 1] = trace
    answer[#answer + 1] = rows
    answer[#answer + 1] = sum
    room = attempts > 0 and 0 or room - rows
    if another then
      redis.call('ZINCRBY', owners .. ':' .. owner, (rows + ROWS_BESIDES) / tonumber(priority), priority)
    end
    if other then
      redis.call('ZINCRBY', owners, (rows + ROWS_BESIDES) / (weights[owner] or 1), owner)
    end
  end
  if other or another or not item then
    end_wait(model, owner, priority)
    owner, priority, other, another = turn_of(model)
  end
end
if owner then
  end_wait(model, owner, priority)
end
answer[1] = number_waiting(model, '')
return answer
