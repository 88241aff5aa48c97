-- Take the lease of the finish of a job. `place` is the member of the finish among the leases.
-- Answers 1 if the caller has the lease; 0 if a part is not done or another process has the lease.
local id, place, lease = ARGV[2], ARGV[3], tonumber(ARGV[4])

use_reserve()
if state_of(id) ~= 'running' or not all_done(id) or is_leased(id, place) then
  return 0
end
redis.call('ZADD', key_of(id) .. ':leases', stamp(now() + lease), place)
note_use(redis.call('HGET', key_of(id), 'full_name'))
return 1
