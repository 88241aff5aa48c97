-- Write another announcement of a process, unless it has announced something else meanwhile.
-- `names` are the full names of the models in it, separated by spaces.
local node, pid, expected, announcement, names = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

use_reserve()
local worker = prefix .. 'worker:' .. node
if redis.call('HGET', worker, pid) == expected then
  redis.call('HSET', worker, pid, announcement)
  redis.call('HSET', prefix .. 'serves:' .. node, pid, names)
end
