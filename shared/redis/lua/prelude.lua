-- Before every script. Times are Redis's own: the hosts' clocks may differ.
-- (Redis 6 refuses to write after TIME unless told so; for Redis 7 it is the only way.)
if redis.replicate_commands then
  redis.replicate_commands()
end

local prefix = ARGV[1]

local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
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

-- List a job, and among its owner's. From the first one on everything is remembered; an id begins with
-- the milliseconds of its making.
local function list(id)
  redis.call('SET', prefix .. 'since', stamp(tonumber(string.sub(id, 1, 12), 16) / 1000), 'NX')
  redis.call('ZADD', prefix .. 'jobs', 0, id)
  local owner = redis.call('HGET', key_of(id), 'owner')
  if owner and owner ~= '' then
    redis.call('ZADD', prefix .. 'jobs:of:' .. owner, 0, id)
  end
end

-- Bind a key to the job that is made with it. ARGV, from `at` on: key, token, fingerprint, seconds; an empty
-- key is none. Answers false where another request has it.
local function bind_key(at, id)
  local key = prefix .. 'key:' .. ARGV[at]
  if ARGV[at] == '' then
    return true
  end
  local have = redis.call('HMGET', key, 'token', 'job')
  if have[1] and have[1] ~= ARGV[at + 1] or have[2] and have[2] ~= id then
    return false
  end
  redis.call('HSET', key, 'token', ARGV[at + 1], 'fingerprint', ARGV[at + 2], 'job', id)
  redis.call('EXPIRE', key, ARGV[at + 3])
  return true
end

-- Whether a part was handed out. A message, or a process that is still at work, may be older than the
-- record: from before Redis lost its data.
local function is_dispatched(id, part)
  return tonumber(part) < tonumber(redis.call('HGET', key_of(id), 'dispatched'))
end

-- Let a job into its lanes: hand out parts while fewer than `lanes` are under way.
local function walk(id, lanes, lease)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'parts', 'dispatched', 'done')
  local parts, dispatched, done = tonumber(have[1]), tonumber(have[2]), tonumber(have[3])
  local go = {}
  while dispatched < parts and dispatched - done < lanes do
    redis.call('ZADD', job .. ':leases', stamp(now() + lease), dispatched)
    go[#go + 1] = dispatched
    dispatched = dispatched + 1
  end
  if #go > 0 then
    redis.call('HSET', job, 'dispatched', dispatched)
  end
  return go
end

local function all_done(id)
  local have = redis.call('HMGET', key_of(id), 'split', 'parts', 'done')
  return have[1] == '1' and have[2] == have[3]
end

-- Let a job go on whose parts were recorded or marked; as `shared.job_store.Walk` has it: wanted, all done,
-- parts to dispatch ...
local function go_on(id, lanes, lease)
  local answer = walk(id, lanes, lease)
  table.insert(answer, 1, all_done(id) and 1 or 0)
  table.insert(answer, 1, 1)
  return answer
end

-- Add to what the service has done in all; see shared.overview.Totals.
local function count(what, by)
  redis.call('HINCRBY', prefix .. 'totals', what, by)
end

-- Whether somebody is at a part, or at the finish, or shall still come to it.
local function is_leased(id, part)
  local lease = redis.call('ZSCORE', key_of(id) .. ':leases', part)
  return lease and tonumber(lease) > now()
end

-- Whoever waits on the bell wakes; it stays rung long enough for all of them.
local function ring_bell(id)
  local bell = key_of(id) .. ':bell'
  redis.call('DEL', bell)
  redis.call('RPUSH', bell, '1')
  redis.call('EXPIRE', bell, 60)
end

-- Keep the rows of a small job that may be retried, for a day; a bulk job has none here.
local function keep_rows(id)
  redis.call('EXPIRE', key_of(id) .. ':rows', 86400)
end

-- A job that has a callback: it is due.
local function call_back(id)
  local job = key_of(id)
  if redis.call('HEXISTS', job, 'callback_state') == 1 then
    redis.call('HSET', job, 'callback_state', 'pending')
    redis.call('HDEL', job, 'callback_attempts', 'callback_error')
    redis.call('ZADD', prefix .. 'callbacks', stamp(now()), id)
  end
end

-- Close a job; it is kept for its own time, or for `retention` seconds.
local function close(id, state, reason, retention)
  local job, at = key_of(id), now()
  redis.call('HSET', job, 'state', state, 'finished_at', stamp(at))
  redis.call('HDEL', job, 'held_up')
  if reason ~= '' then
    redis.call('HSET', job, 'error', reason)
  end
  local own = tonumber(redis.call('HGET', job, 'retention') or '')
  redis.call('ZREM', prefix .. 'jobs:active', id)
  redis.call('ZADD', prefix .. 'jobs:ended', stamp(at + (own or retention)), id)
  redis.call('DEL', job .. ':leases', job .. ':attempts', job .. ':notes')
  keep_rows(id)
  if state ~= 'expired' then
    call_back(id)
  end
  ring_bell(id)
  if state ~= 'expired' then
    count('ended:' .. state, 1)
  end
end

-- Why a job fails of which so many rows have an error, if that is more than it bears; else nil. Until
-- its rows are counted only of one that bears none it is sure. (A quotient, so that 29 of 100 are not
-- more than 0.29.)
local function too_many_errors(tolerance, failed, total, first)
  local most = tonumber(tolerance or '1')
  if failed == 0 or most >= 1 or (total and failed / total <= most) or (not total and most > 0) then
    return nil
  end
  return string.format('More rows have an error than on_error=%s allows: %d %s. The first found is %s.',
    most == 0 and 'fail' or tolerance, failed, total and 'of ' .. string.format('%d', total) or 'so far', first)
end

-- Fail a job, if too many of its rows have an error; whether it did.
local function give_up(id, retention)
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
