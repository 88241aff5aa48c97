-- Renew leases, of those that there are. ARGV: prefix, sorted set, lease, member ...
local at = stamp(now() + tonumber(ARGV[3]))
for index = 4, #ARGV do
  redis.call('ZADD', ARGV[2], 'XX', at, ARGV[index])
end
