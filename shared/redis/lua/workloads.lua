-- Count what waits and what runs, by model version.
-- `queues` is what the keys of the queues of parts begin with. `models` are answered in any case, other
-- models only if there is something to do for them.
-- Answers JSON: an object by full name, with the fields of `Workload` in `shared/monitoring/overview.py`.
local queues = ARGV[2]
local models = arguments_from(3)

local at, workloads = now(), {}

local function of(full_name)
  workloads[full_name] = workloads[full_name] or {
    queued_jobs = 0, running_jobs = 0, waiting_rows = 0, running_rows = 0, waiting_small = 0,
    running_small = 0, waiting_parts = 0, oldest_part_seconds = 0, oldest_small_seconds = 0,
  }
  return workloads[full_name]
end

-- The rows of the parts that a process has begun. These are few, whatever the size of the job.
local function rows_in_work(job)
  local rows = 0
  for _, part in ipairs(redis.call('ZRANGE', job .. ':leases', 0, -1)) do
    if tonumber(redis.call('HGET', job .. ':attempts', part) or '0') > 0 then
      local where = redis.call('LINDEX', job .. ':parts', part)
      rows = rows + tonumber(where and string.match(where, '(%d+)$') or '0')
    end
  end
  return rows
end

local function count_small(full_name)
  of(full_name).waiting_small = number_waiting(full_name, '')
  local owners, lists = prefix .. 'waiting:' .. full_name, {prefix .. 'small:' .. full_name}
  for _, owner in ipairs(redis.call('ZRANGE', owners, 0, -1)) do
    for _, priority in ipairs(redis.call('ZRANGE', owners .. ':' .. owner, 0, -1)) do
      lists[#lists + 1] = list_of(full_name, owner, priority)
    end
  end
  for _, waiting in ipairs(lists) do
    -- A waiting job is its id, a waiting question begins with one; an id begins with the time at which it
    -- was made.
    local first = redis.call('LINDEX', waiting, -1) or ''
    local made = string.match(first, '^%x%x%x%x%x%x%x%x%x%x%x%x')
    local age = made and at - tonumber(made, 16) / 1000 or 0
    of(full_name).oldest_small_seconds = math.max(age, of(full_name).oldest_small_seconds)
  end
end

-- The models that were asked for too: a question has no record, so `small:models` may lack its model.
for _, full_name in ipairs(models) do
  count_small(full_name)
end
for _, full_name in ipairs(redis.call('SMEMBERS', prefix .. 'small:models')) do
  -- Bytes of a damaged name would make the answer no JSON.
  if string.match(full_name, '^[%w_.%-]+@%w+$') then
    count_small(full_name)
  end
end
for _, id in ipairs(redis.call('ZRANGE', prefix .. 'jobs:active', 0, -1)) do
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'full_name', 'state', 'total', 'about_rows', 'completed', 'failed')
  if have[1] then
    local one = of(have[1])
    local done = tonumber(have[5] or '0') + tonumber(have[6] or '0')
    local left = math.max(tonumber(have[3] or have[4] or '0') - done, 0)
    local in_work = have[2] == 'running' and rows_in_work(job) or 0
    one.running_rows = one.running_rows + in_work
    one.waiting_rows = one.waiting_rows + math.max(left - in_work, 0)
    local jobs = have[2] == 'running' and 'running_jobs' or 'queued_jobs'
    one[jobs] = one[jobs] + 1
  end
end
for _, id in ipairs(redis.call('ZRANGE', prefix .. 'small:claims', 0, -1)) do
  local full_name = redis.call('HGET', key_of(id), 'full_name')
  if full_name then
    of(full_name).running_small = of(full_name).running_small + 1
  end
end
for full_name, one in pairs(workloads) do
  local queue = queues .. full_name
  one.waiting_parts = redis.call('LLEN', queue)
  local first = one.waiting_parts > 0 and redis.call('LINDEX', queue, -1)
  local readable, message = pcall(cjson.decode, first or '')
  local headers = readable and type(message) == 'table' and message.headers
  local sent = type(headers) == 'table' and tonumber(headers.sent_at)
  if sent then
    one.oldest_part_seconds = math.max(at - sent, 0)
  end
end
return cjson.encode(workloads)
