-- Begin a part that was handed out.
-- Answers false if there is nothing to do, else {the part, the number of attempts, the note left for it,
-- whether the job was restored}.
local id, part, lease = ARGV[2], ARGV[3], tonumber(ARGV[4])

use_reserve()
local job = key_of(id)
local have = redis.call('HMGET', job, 'state', 'dispatched', 'restored')
-- A message may be older than the record: from before Redis lost its data.
if have[1] ~= 'running' or tonumber(part) >= tonumber(have[2])
    or redis.call('GETBIT', job .. ':done', part) == 1 then
  return false
end
redis.call('ZADD', job .. ':leases', stamp(now() + lease), part)
local attempts = redis.call('HINCRBY', job .. ':attempts', part, 1)
local note = attempts > 1 and redis.call('HGET', job .. ':notes', part)
local where = redis.call('LINDEX', job .. ':parts', part)
return {where, attempts, note or '', have[3] and 1 or 0}
