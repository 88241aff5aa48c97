-- Comes before every script: `RedisLink.run` puts both together. ARGV[1] is always the prefix of all keys;
-- each script names its own arguments, ARGV[2] and later ones, in its first lines.
local prefix = ARGV[1]

-- Times are Redis's own: the clocks of the hosts may differ. Redis 6 refuses to write after TIME unless
-- effects are replicated; in Redis 7 they always are.
if redis.replicate_commands then
  redis.replicate_commands()
end

-- Let this script write although the memory is full. Redis refuses a command that needs memory only as long
-- as the script has written nothing, and this counts as a write. For what goes on with a recorded job, or
-- frees memory; a script without it takes in something new, or only reads. A Redis that cannot write to its
-- disk refuses this, too.
local function use_reserve()
  redis.call('DEL', prefix .. 'nothing')
end

-- The arguments from one on, as a list.
local function arguments_from(first)
  local found = {}
  for index = first, #ARGV do
    found[#found + 1] = ARGV[index]
  end
  return found
end

-- The time at which the script began; it is asked for once.
local began

local function now()
  if not began then
    local time = redis.call('TIME')
    began = tonumber(time[1]) + tonumber(time[2]) / 1000000
  end
  return began
end

local function stamp(seconds)
  return string.format('%.6f', seconds)
end

local function key_of(id)
  return prefix .. 'job:' .. id
end

local function state_of(id)
  return redis.call('HGET', key_of(id), 'state')
end

-- The bulk jobs that have not ended, and their rows that are not done: in all, and of an owner.
local function load_of(owner)
  local answer = {0, 0, 0, 0}
  for _, id in ipairs(redis.call('ZRANGE', prefix .. 'jobs:active', 0, -1)) do
    local have = redis.call('HMGET', key_of(id), 'total', 'about_rows', 'completed', 'failed', 'owner')
    local done = tonumber(have[3] or '0') + tonumber(have[4] or '0')
    local left = math.max(tonumber(have[1] or have[2] or '0') - done, 0)
    for at = 1, have[5] == owner and 3 or 1, 2 do
      answer[at] = answer[at] + 1
      answer[at + 1] = answer[at + 1] + left
    end
  end
  return answer
end

-- What an idempotency key that is bound to a job takes, in bytes; measured. It outlives its job in Redis.
local KEY_BYTES = 400

-- The bytes of the bound idempotency keys that have not expired: of `all`, or of `of:<owner>`. Redis tells
-- nobody that a key has expired, so they are counted by the hour in which they do.
local function keys_held(whose)
  local counts, hour, bytes = redis.call('HGETALL', prefix .. 'keys:' .. whose), math.floor(now() / 3600), 0
  for index = 1, #counts, 2 do
    if tonumber(counts[index]) >= hour then
      bytes = bytes + tonumber(counts[index + 1]) * KEY_BYTES
    end
  end
  return bytes
end

local function count_key(owner, hour, sign)
  for _, whose in ipairs(owner == '' and {'all'} or {'all', 'of:' .. owner}) do
    local place = prefix .. 'keys:' .. whose
    if redis.call('HINCRBY', place, hour, sign) <= 0 then
      redis.call('HDEL', place, hour)
    end
  end
end

-- Count the idempotency key that a recorded job has just bound for `seconds`; '' is no key.
local function count_bound(id, hash, seconds)
  local key, owner = prefix .. 'key:' .. hash, redis.call('HGET', key_of(id), 'owner') or ''
  if hash == '' or redis.call('HEXISTS', key, 'hour') == 1 then
    return
  end
  local hour, present = math.floor((now() + seconds) / 3600), math.floor(now() / 3600)
  redis.call('HSET', key, 'owner', owner, 'hour', hour)
  count_key(owner, hour, 1)
  for _, whose in ipairs(owner == '' and {'all'} or {'all', 'of:' .. owner}) do
    local place = prefix .. 'keys:' .. whose
    for _, one in ipairs(redis.call('HKEYS', place)) do
      if tonumber(one) < present then
        redis.call('HDEL', place, one)
      end
    end
    if redis.call('TTL', place) < seconds + 3600 then
      redis.call('EXPIRE', place, seconds + 3600)
    end
  end
end

-- Remove an idempotency key.
local function drop_key(hash)
  local key = prefix .. 'key:' .. hash
  local have = redis.call('HMGET', key, 'owner', 'hour')
  if have[2] then
    count_key(have[1], have[2], -1)
  end
  redis.call('DEL', key)
end

-- The bytes of memory that jobs and questions take, with those of the bound idempotency keys.
local function held_in_all()
  return tonumber(redis.call('HGET', prefix .. 'held', 'all') or '0') + keys_held('all')
end

-- Whether there is memory for `bytes` more of an owner. Answers 0 if there is, -1 if all jobs together take
-- too much, -2 if the owner's do. A limit of 0 is none.
local function held_room(owner, bytes, most, most_of_owner)
  local have = redis.call('HMGET', prefix .. 'held', 'all', 'of:' .. owner)
  if most > 0 and tonumber(have[1] or '0') + keys_held('all') + bytes > most then
    return -1
  end
  if most_of_owner > 0 and owner ~= '' then
    if tonumber(have[2] or '0') + keys_held('of:' .. owner) + bytes > most_of_owner then
      return -2
    end
  end
  return 0
end

local function count_held(id, sign)
  local have = redis.call('HMGET', key_of(id), 'held', 'owner')
  if have[1] then
    redis.call('HINCRBY', prefix .. 'held', 'all', sign * have[1])
    local of = 'of:' .. (have[2] or '')
    if redis.call('HINCRBY', prefix .. 'held', of, sign * have[1]) <= 0 then
      redis.call('HDEL', prefix .. 'held', of)
    end
  end
end

-- Count the memory that a recorded job takes, which is in its record.
local function hold(id)
  count_held(id, 1)
end

-- The job of this record is about to be removed, so it takes no memory any more.
local function release(id)
  count_held(id, -1)
end

-- Add a job to the list of all jobs and to its owner's. The first job sets `since`: from then on the store
-- remembers every job. An id begins with the milliseconds at which it was made.
local function list(id)
  redis.call('SET', prefix .. 'since', stamp(tonumber(string.sub(id, 1, 12), 16) / 1000), 'NX')
  redis.call('ZADD', prefix .. 'jobs', 0, id)
  local owner = redis.call('HGET', key_of(id), 'owner')
  if owner and owner ~= '' then
    redis.call('ZADD', prefix .. 'jobs:of:' .. owner, 0, id)
  end
end

-- Bind an idempotency key to the job that its request makes; '' is no key. Answers false if another
-- request has the key.
local function bind_key(id, hash, token, fingerprint, seconds)
  local key = prefix .. 'key:' .. hash
  if hash == '' then
    return true
  end
  local have = redis.call('HMGET', key, 'token', 'job')
  if have[1] and have[1] ~= token or have[2] and have[2] ~= id then
    return false
  end
  redis.call('HSET', key, 'token', token, 'fingerprint', fingerprint, 'job', id)
  redis.call('EXPIRE', key, seconds)
  return true
end

local function all_done(id)
  local have = redis.call('HMGET', key_of(id), 'split', 'parts', 'done')
  return have[1] == '1' and have[2] == have[3]
end

-- Add to the totals of the whole service; see `Totals` in `shared/monitoring/overview.py`.
local function count(what, by)
  redis.call('HINCRBY', prefix .. 'totals', what, by)
end

-- Note when a version of a model has last scored rows.
local function note_use(full_name)
  redis.call('HSET', prefix .. 'used', full_name, stamp(now()))
end

-- Whether the lease of a part, or of the finish, is still running: a process works on it, or its message
-- is not yet late.
local function is_leased(id, part)
  local lease = redis.call('ZSCORE', key_of(id) .. ':leases', part)
  return lease and tonumber(lease) > now()
end

-- Wake everybody who waits for the end of a job; the bell stays rung long enough for all of them.
local function ring_bell(id)
  local bell = key_of(id) .. ':bell'
  redis.call('DEL', bell)
  redis.call('RPUSH', bell, '1')
  redis.call('EXPIRE', bell, 60)
end

-- Keep the rows of a small job for a day, so that it can be retried. A bulk job has no rows here.
local function keep_rows(id)
  redis.call('EXPIRE', key_of(id) .. ':rows', 86400)
end

-- Make the callback of a job due, if it has one.
local function call_back(id)
  local job = key_of(id)
  if redis.call('HEXISTS', job, 'callback_state') == 1 then
    redis.call('HSET', job, 'callback_state', 'pending')
    redis.call('HDEL', job, 'callback_attempts', 'callback_error')
    redis.call('ZADD', prefix .. 'callbacks', stamp(now()), id)
  end
end

-- Give somebody a turn, if there is none: one cost after the present turn; see `turns.lua`. Answers whether
-- there was none.
local function begin_turn(turns, member, cost)
  if redis.call('ZSCORE', turns, member) then
    return false
  end
  local first = redis.call('ZRANGE', turns, 0, 0, 'WITHSCORES')
  redis.call('ZADD', turns, tonumber(first[2] or '0') + cost, member)
  return true
end

-- Take something out of the turns of its owner, and the owner with the last of them out of those of `owners`.
local function leave_turns(owners, owner, member)
  local own = owners .. ':' .. owner
  redis.call('ZREM', own, member)
  if redis.call('EXISTS', own) == 0 then
    redis.call('ZREM', owners, owner)
  end
end

-- A step of a job is not under way any more. -2 is the split.
local function free_lane(id, full_name, part)
  redis.call('SREM', prefix .. 'lanes:' .. full_name, id .. ' ' .. part)
end

-- Nothing of a job will be done any more.
local function stop(id)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'full_name', 'owner')
  if have[1] then
    leave_turns(prefix .. 'turns:' .. have[1], have[2] or '', id)
    free_lane(id, have[1], -2)
    for _, part in ipairs(redis.call('ZRANGE', job .. ':leases', 0, -1)) do
      free_lane(id, have[1], part)
    end
  end
end

-- End a job. It is kept for its own retention, or else for `retention` seconds.
local function close(id, state, reason, retention)
  local job, at = key_of(id), now()
  stop(id)
  redis.call('HSET', job, 'state', state, 'finished_at', stamp(at))
  redis.call('HDEL', job, 'held_up')
  if reason ~= '' then
    redis.call('HSET', job, 'error', reason)
  end
  local terms = redis.call('HMGET', job, 'retention', 'kept_seconds')
  local own, kept = tonumber(terms[1] or ''), tonumber(terms[2] or '')
  -- A job that keeps no rows: they are deleted this time after its end, if not earlier.
  if kept and state ~= 'expired' then
    redis.call('ZADD', prefix .. 'jobs:clear', stamp(at + kept), id)
  end
  redis.call('ZREM', prefix .. 'jobs:active', id)
  redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + (own or retention)), id)
  redis.call('DEL', job .. ':leases', job .. ':attempts', job .. ':notes')
  if redis.call('EXISTS', job .. ':rows') == 1 then
    redis.call('ZADD', prefix .. 'small:ended', stamp(at), id)
  end
  keep_rows(id)
  if state ~= 'expired' then
    call_back(id)
  end
  ring_bell(id)
  if state ~= 'expired' then
    count('ended:' .. state, 1)
  end
end

-- The error of a job in which `failed` rows have an error, if that is a larger share than it tolerates;
-- else nil. `total` is nil until all rows are counted; until then only a job that tolerates no error can
-- fail. The share is a quotient, so that 29 of 100 are not more than 0.29.
local function too_many_errors(tolerance, failed, total, first_bad)
  local most = tonumber(tolerance or '1')
  if failed == 0 or most >= 1 or (total and failed / total <= most) or (not total and most > 0) then
    return nil
  end
  return string.format('More rows have an error than on_error=%s allows: %d %s. The first found is %s.',
    most == 0 and 'fail' or tolerance, failed, total and 'of ' .. string.format('%d', total) or 'so far',
    first_bad)
end

-- Fail a bulk job if too many of its rows have an error. Answers whether it did.
local function fail_if_too_many_errors(id, retention)
  local have = redis.call('HMGET', key_of(id), 'tolerance', 'failed', 'total', 'first_bad')
  if not have[1] then
    return false
  end
  local reason = too_many_errors(have[1], tonumber(have[2] or '0'), tonumber(have[3] or ''), have[4])
  if reason then
    close(id, 'failed', reason, retention)
  end
  return reason ~= nil
end

