-- Take waiting small jobs of a model, up to a number of rows. ARGV: prefix, model, rows, claim.
-- A job that was taken before and not answered may be what killed its worker: it goes alone.
-- Answers {still waiting, id, attempts, rows as they were sent, ...}.
local model, room, claim = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local waiting = prefix .. 'small:' .. model
local answer = {0}
while room > 0 do
  local id = redis.call('LINDEX', waiting, -1)
  if not id then
    break
  end
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'state', 'total', 'small_attempts')
  local attempts = tonumber(have[3] or '0')
  local open = have[1] == 'queued' or have[1] == 'running'
  if open and #answer > 1 and (attempts > 0 or tonumber(have[2]) > room) then
    break
  end
  redis.call('RPOP', waiting)
  if open then
    local at = now()
    redis.call('HSET', job, 'state', 'running', 'small_attempts', attempts + 1)
    redis.call('HSETNX', job, 'started_at', stamp(at))
    redis.call('ZADD', prefix .. 'small:claims', stamp(at + claim), id)
    answer[#answer + 1] = id
    answer[#answer + 1] = attempts + 1
    answer[#answer + 1] = redis.call('GET', job .. ':rows')
    room = attempts > 0 and 0 or room - tonumber(have[2])
  end
end
answer[1] = redis.call('LLEN', waiting)
return answer
