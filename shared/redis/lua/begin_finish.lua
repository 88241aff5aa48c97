-- Take up the finish of a job, for one lease. ARGV: prefix, id, its place among the leases, lease.
-- Answers whether it was had: the parts are all done, and nobody else is at it.
local id, place, lease = ARGV[2], ARGV[3], tonumber(ARGV[4])
if state_of(id) ~= 'running' or not all_done(id) or is_leased(id, place) then
  return 0
end
redis.call('ZADD', key_of(id) .. ':leases', stamp(now() + lease), place)
return 1
