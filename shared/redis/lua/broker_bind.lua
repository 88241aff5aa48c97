-- Note a queue in Celery's sets of queues.
local member = ARGV[2]
local sets = arguments_from(3)

use_reserve()
for _, set in ipairs(sets) do
  redis.call('SADD', prefix .. set, member)
end
