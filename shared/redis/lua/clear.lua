-- Record that the rows of an ended job are deleted, if the job is there.
local id = ARGV[2]

use_reserve()
local job = key_of(id)
if redis.call('HEXISTS', job, 'spec') == 1 then
  redis.call('HSETNX', job, 'cleared_at', stamp(now()))
end
