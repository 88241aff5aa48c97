-- Take up a part. ARGV: prefix, id, part, lease.
-- Answers false where there is nothing to do, else {where the part is, how often it was taken up,
-- the note left at it}.
local id, part, lease = ARGV[2], ARGV[3], tonumber(ARGV[4])
local job = key_of(id)
if state_of(id) ~= 'running' or redis.call('GETBIT', job .. ':done', part) == 1 then
  return false
end
redis.call('ZADD', job .. ':leases', stamp(now() + lease), part)
local attempts = redis.call('HINCRBY', job .. ':attempts', part, 1)
local note = attempts > 1 and redis.call('HGET', job .. ':notes', part)
return {redis.call('LINDEX', job .. ':parts', part), attempts, note or ''}
