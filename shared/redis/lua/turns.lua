-- Comes before the scripts that hand out work: whose turn it is among the jobs of a model.
--
-- `turns:<model>` has the owners of jobs that have something to hand out, `turns:<model>:<owner>` these jobs.
-- Each has a score, its turn; the lowest comes next. What is handed out moves the turns of its job and of its
-- owner on by its cost, divided by their weights. A newcomer begins one cost after the present turn. This is
-- self-clocked fair queueing (Golestani 1994): over any time each gets the share that deficit round robin
-- (Shreedhar and Varghese 1996) gives it, and none of its work waits for several pieces of another in a row.
--
-- The unit of costs and turns is the time in which the model scores a row.

-- The split of a job, in place of the number of a part: `SPLIT` in `shared/jobs/bulk_store.py`.
local SPLIT = -2

-- Cutting this many rows takes about as long as scoring one, with the fastest model.
local ROWS_CUT = 20

local looked = {}

-- What must be known of a job to hand out its next step. A script asks for it once: `take_step` keeps it true.
local function look(id)
  if looked[id] then
    return looked[id]
  end
  local have = redis.call('HMGET', key_of(id), 'state', 'to_split', 'parts', 'dispatched', 'done', 'cut_rows',
    'about_rows', 'fixed_rows', 'weight', 'priority', 'owner', 'full_name', 'traceparent', 'request_id', 'split')
  local function number(at, otherwise)
    return tonumber(have[at] or '') or otherwise
  end
  local one = {
    open = have[1] == 'queued' or have[1] == 'running', to_split = have[2] == '1',
    parts = number(3, 0), dispatched = number(4, 0), done = number(5, 0),
    weight = number(9, 1), priority = number(10, 1), owner = have[11] or '', full_name = have[12],
    traceparent = have[13] or '', request_id = have[14] or '',
  }
  one.all_done = have[15] == '1' and one.parts == one.done
  local fixed = number(8, 0)
  if one.to_split then
    -- With its finish.
    one.cost = 2 * fixed + number(7, 0) / ROWS_CUT + 1
  else
    one.cost = fixed + number(6, 0) / math.max(one.parts, 1) + 1
  end
  looked[id] = one
  return one
end

-- Whether a job has something to hand out. With all of its parts held up, a job has nothing: it may not have
-- more than `lanes` parts that are not done.
local function has_more(one, lanes)
  return one.to_split or one.dispatched < one.parts and one.dispatched - one.done < lanes
end

-- Give a job a turn, if it has none.
local function take_turns(id, one)
  local owners = prefix .. 'turns:' .. one.full_name
  -- The owner of a job that has a turn has one.
  if begin_turn(owners .. ':' .. one.owner, id, one.cost / one.priority) then
    begin_turn(owners, one.owner, one.cost / one.weight)
  end
end

-- Hand out the next step of a job, and note it as under way. Answers its part, or `SPLIT`.
local function take_step(id, one, lease)
  local job, part, till = key_of(id), one.dispatched, stamp(now() + lease)
  if one.to_split then
    part, one.to_split = SPLIT, false
    -- Its next step has another cost.
    looked[id] = nil
    redis.call('HDEL', job, 'to_split')
    redis.call('HSET', job, 'split_lease', till)
  else
    redis.call('ZADD', job .. ':leases', till, part)
    one.dispatched = part + 1
    redis.call('HSET', job, 'dispatched', one.dispatched)
  end
  redis.call('SADD', prefix .. 'lanes:' .. one.full_name, id .. ' ' .. part)
  return part
end

-- Hand out steps of a model's jobs until `lanes` of them are under way.
-- Adds four values for each to `answer`: the job, the part or `SPLIT`, its traceparent and its request id.
local function hand_out(full_name, lanes, lease, answer)
  local owners = prefix .. 'turns:' .. full_name
  local free = lanes - redis.call('SCARD', prefix .. 'lanes:' .. full_name)
  while free > 0 do
    -- The second of each tells whether there is anybody to take turns with.
    local owner, other = unpack(redis.call('ZRANGE', owners, 0, 1))
    if not owner then
      break
    end
    local jobs = owners .. ':' .. owner
    local id, next_job = unpack(redis.call('ZRANGE', jobs, 0, 1))
    local one, more = id and look(id), false
    if one and one.open and has_more(one, lanes) then
      local cost = one.cost
      for _, value in ipairs({id, take_step(id, one, lease), one.traceparent, one.request_id}) do
        answer[#answer + 1] = value
      end
      free, more = free - 1, one.dispatched < one.parts
      if next_job then
        redis.call('ZINCRBY', jobs, cost / one.priority, id)
      end
      if other then
        redis.call('ZINCRBY', owners, cost / one.weight, owner)
      end
    end
    if not more then
      leave_turns(owners, owner, id or '')
    end
  end
  return answer
end

-- Hand out steps after some of a job were recorded or completed. Answers what `shared.jobs.bulk_store.Walk`
-- holds: {wanted (1), all_done, and four values for each step}.
local function go_on(id, lanes, lease)
  local one = look(id)
  if has_more(one, math.huge) then
    take_turns(id, one)
  end
  return hand_out(one.full_name, lanes, lease, {1, one.all_done and 1 or 0})
end
