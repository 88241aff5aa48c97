-- Put a question into its model's waiting list. `item` is the question as it waits.
-- Answers the length of the list; 0 if the list was full, -1 if all that waits takes too much memory.
local model, item, max_waiting, max_bytes = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])

local waiting = prefix .. 'small:' .. model
if redis.call('LLEN', waiting) >= max_waiting then
  return 0
end
if held_room('', #item, max_bytes, max_bytes) < 0 then
  return -1
end
redis.call('HINCRBY', prefix .. 'held', 'all', #item)
return redis.call('LPUSH', waiting, item)
