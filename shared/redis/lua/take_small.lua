-- Take waiting small jobs and questions of a model, up to a number of rows.
-- ARGV: prefix, model, rows, claim.
-- What was tried before, in vain, may be what killed its worker: it goes alone.
-- Answers {still waiting, id, attempts, rows as they were sent, where to answer to, note, trace,
-- ...}.
local model, room, claim = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local waiting = prefix .. 'small:' .. model
local answer = {0}

-- A job waits as its id alone; a question as "id rows attempts reply_to\nits rows", or with a trace
-- behind where to reply to.
local function look_at(item)
  local id, rows, tried, reply_to, trace, text =
    string.match(item, '^(%x+) (%d+) (%d+) (%S+) ?(%S*)\n(.*)$')
  if id then
    return id, true, tonumber(rows), tonumber(tried), reply_to, trace, text
  end
  local have = redis.call('HMGET', key_of(item), 'state', 'total', 'small_attempts', 'traceparent')
  local open = have[1] == 'queued' or have[1] == 'running'
  return item, open, tonumber(have[2] or '0'), tonumber(have[3] or '0'), '', have[4] or ''
end

while room > 0 do
  local item = redis.call('LINDEX', waiting, -1)
  if not item then
    break
  end
  local id, open, rows, tried, reply_to, trace, text = look_at(item)
  if open and #answer > 1 and (tried > 0 or rows > room) then
    break
  end
  redis.call('RPOP', waiting)
  if open then
    local note = ''
    if not text then
      local job, at = key_of(id), now()
      redis.call('HSET', job, 'state', 'running', 'small_attempts', tried + 1)
      redis.call('HSETNX', job, 'started_at', stamp(at))
      redis.call('ZADD', prefix .. 'small:claims', stamp(at + claim), id)
      text = redis.call('GET', job .. ':rows')
      note = tried > 0 and redis.call('HGET', job .. ':notes', 0) or ''
    end
    answer[#answer + 1] = id
    answer[#answer + 1] = tried + 1
    answer[#answer + 1] = text
    answer[#answer + 1] = reply_to
    answer[#answer + 1] = note
    answer[#answer + 1] = trace
    room = tried > 0 and 0 or room - rows
  end
end
answer[1] = redis.call('LLEN', waiting)
return answer
