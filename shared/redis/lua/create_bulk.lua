-- Record a bulk job, unless it is recorded already. One that has not ended is to be split when its turn comes.
-- `index` is `active` or `ended`, and `score` the job's score in that sorted set. `key` is the
-- idempotency key, or ''. The limits are those of `shared.jobs.bulk_limits`, all 0 for none; `rows` are
-- those of this job. `held` is the memory that it takes; its limits are 0 for none. `record` has a field and
-- a value in turn. `wanted` rows are taken from `budgets`, see `take_rows`. `retry_of` is the
-- job that this one retries, or ''.
-- Answers 0 if another request has the key, -1 if the service is full, -2 if the owner has too much, -3 and -4
-- if there is no memory, in the service or for the owner, -5 if a budget is spent, -6 if the job that this one
-- retries is gone; else 1.
local id, index, score = ARGV[2], ARGV[3], ARGV[4]
local key, token, fingerprint, seconds = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local max_jobs, max_rows = tonumber(ARGV[9]), tonumber(ARGV[10])
local max_owner_jobs, max_owner_rows = tonumber(ARGV[11]), tonumber(ARGV[12])
local owner, rows = ARGV[13], tonumber(ARGV[14])
local held, max_held, max_owner_held = tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17])
local wanted, budgets, retry_of = tonumber(ARGV[18]), ARGV[19], ARGV[20]
local record = arguments_from(21)

local job = key_of(id)
if redis.call('EXISTS', job) == 0 then
  if max_jobs > 0 then
    -- Counted here: between a count and a record that are two calls, others would be recorded.
    local load = load_of(owner)
    if load[1] >= max_jobs or load[2] + rows > max_rows then
      return -1
    end
    if owner ~= '' and (load[3] >= max_owner_jobs or load[4] + rows > max_owner_rows) then
      return -2
    end
  end
  local room = held_room(owner, held, max_held, max_owner_held)
  if room < 0 then
    return room - 2
  end
  local old_is_gone = retry_of ~= '' and redis.call('HEXISTS', key_of(retry_of), 'spec') == 0
  -- Only the old job knows which of its parts were counted. One that is restored is recorded in any case.
  if old_is_gone and max_jobs > 0 then
    return -6
  end
  local taken = take_rows(budgets, wanted)
  if not taken then
    return -5
  end
  if not bind_key(id, key, token, fingerprint, seconds) then
    give_back(taken)
    return 0
  end
  redis.call('HSET', job, unpack(record))
  if taken ~= '' then
    redis.call('HSET', job, 'taken', taken)
  end
  if retry_of ~= '' and not old_is_gone then
    take_over_counted(id, retry_of)
  end
  hold(id)
  count_bound(id, key, tonumber(seconds))
  list(id)
  redis.call('ZADD', prefix .. 'jobs:' .. index, score, id)
  if index == 'active' then
    redis.call('HSET', job, 'to_split', 1)
    take_turns(id, look(id))
  end
end
return 1
