-- Count the rows of a part whose result was found damaged, once. `/errors` then reads the part.
local id, part, rows = ARGV[2], ARGV[3], ARGV[4]

use_reserve()
local job = key_of(id)
if state_of(id) and state_of(id) ~= 'expired' and redis.call('HSETNX', job, 'lost:' .. part, rows) == 1 then
  redis.call('HINCRBY', job, 'lost', rows)
  redis.call('SETBIT', job .. ':bad', part, 1)
end
return 1
