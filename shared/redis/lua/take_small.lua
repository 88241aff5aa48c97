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

-- How many items are looked at together.
local MOST_AT_ONCE = 32

local bytes, is_full = 0, false
while room > 0 and owner and not is_full do
  -- Without others, nobody's turn comes between.
  local list, most = list_of(model, owner, priority), (other or another) and 1 or math.min(room, MOST_AT_ONCE)
  local items, taken = redis.call('LRANGE', list, -most, -1), 0
  for at = #items, 1, -1 do
    if room <= 0 then
      break
    end
    local item = items[at]
    local id, open, rows, attempts, reply_to, trace, text = parse(item)
    is_full = open and #answer > 1 and (attempts > 0 or rows > room)
    if is_full then
      break
    end
    taken = taken + 1
    if text then
      bytes = bytes + #item
    end
    if open then
      local note, sum = '', ''
      if not text then
        local job, now_at = key_of(id), now()
        redis.call('HSET', job, 'state', 'running', 'small_attempts', attempts + 1)
        redis.call('HSETNX', job, 'started_at', stamp(now_at))
        redis.call('ZADD', prefix .. 'small:claims', stamp(now_at + lease), id)
        text = redis.call('GET', job .. ':rows') or ''
        sum = redis.call('HGET', job, 'rows_sum') or ''
        note = attempts > 0 and redis.call('HGET', job .. ':notes', 0) or ''
      end
      for _, value in ipairs({id, attempts + 1, text, reply_to, note, trace, rows, sum}) do
        answer[#answer + 1] = value
      end
      room = attempts > 0 and 0 or room - rows
      if another then
        redis.call('ZINCRBY', owners .. ':' .. owner, (rows + ROWS_BESIDES) / tonumber(priority), priority)
      end
      if other then
        redis.call('ZINCRBY', owners, (rows + ROWS_BESIDES) / (weights[owner] or 1), owner)
      end
    end
  end
  if taken > 0 then
    redis.call('LTRIM', list, 0, -taken - 1)
    count_waiting(model, owner, priority, -taken)
  end
  if not is_full and (other or another or #items < most) then
    end_wait(model, owner, priority)
    owner, priority, other, another = turn_of(model)
  end
end
if bytes > 0 then
  redis.call('HINCRBY', prefix .. 'held', 'all', -bytes)
end
if owner then
  end_wait(model, owner, priority)
  answer[1] = number_waiting(model, '')
end
return answer
