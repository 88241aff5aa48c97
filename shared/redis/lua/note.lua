-- Leave a note for the next attempt at a part.
-- A job that has ended or is gone gets none: nothing would delete it.
local id, part, note = ARGV[2], ARGV[3], ARGV[4]

use_reserve()
if state_of(id) == 'running' then
  redis.call('HSET', key_of(id) .. ':notes', part, note)
end
