-- Renew those leases of these members that exist. `leases` is the key of the sorted set.
local leases, lease = ARGV[2], tonumber(ARGV[3])
local members = arguments_from(4)

use_reserve()
local at = stamp(now() + lease)
for _, member in ipairs(members) do
  redis.call('ZADD', leases, 'XX', at, member)
end
