-- Remove ended small jobs that are now in the blob store, and note what must be erased there again.
-- `jobs` is a flat list, three values for each job: id, its idempotency key or '', when it expires.
-- Answers the number of jobs that were removed.
local jobs = arguments_from(2)

use_reserve()
local moved = 0
for index = 1, #jobs, 3 do
  local id, hash, expires = unpack(jobs, index, index + 2)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'state', 'owner', 'callback_state')
  local ended = have[1] == 'succeeded' or have[1] == 'failed' or have[1] == 'cancelled'
  if ended and have[3] ~= 'pending' then
    release(id)
    redis.call('DEL', job, job .. ':rows', job .. ':result', job .. ':notes')
    redis.call('ZREM', prefix .. 'jobs', id)
    redis.call('ZREM', prefix .. 'jobs:of:' .. have[2], id)
    redis.call('ZREM', prefix .. 'jobs:ended', id)
    redis.call('ZREM', prefix .. 'small:ended', id)
    if hash ~= '' and redis.call('HGET', prefix .. 'key:' .. hash, 'job') == id then
      redis.call('HSET', prefix .. 'key:' .. hash, 'archived', expires)
    end
    moved = moved + 1
  else
    -- It was deleted, or has expired, since it was read.
    redis.call('RPUSH', prefix .. 'archive:erase', id)
    if not have[1] then
      redis.call('ZREM', prefix .. 'small:ended', id)
    end
  end
end
redis.call('DEL', prefix .. 'archive:writing')
return moved
