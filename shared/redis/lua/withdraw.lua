-- Remove a question from its model's waiting list, if it is still there.
local model, item = ARGV[2], ARGV[3]

use_reserve()
if redis.call('LREM', prefix .. 'small:' .. model, 1, item) == 1 then
  redis.call('HINCRBY', prefix .. 'held', 'all', -#item)
end
