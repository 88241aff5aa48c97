-- Change what the names of a model mean, unless somebody else has changed them since they were read.
-- `number` is that of the change, `names` what they mean from then on, and `change` the line of the audit, both
-- as JSON; `key` is that of the line in the blob store, which does not have it yet.
-- It writes also while the memory is full: a rollback may be urgent, and needs only some kilobytes.
-- The client sends it again if the answer was lost: a change that was made is known by its key for a while.
-- Answers 1 if it did, 0 if the names are others by now, and -1 if they must be restored first.
local model, number, names, key, change = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
-- How long a change is known, in seconds: far longer than a client tries.
local MADE_SECONDS = 600

use_reserve()
local made = prefix .. 'aliases:made:' .. key
if redis.call('EXISTS', made) == 1 then
  return 1
end
if not is_complete() then
  return -1
end
if number_of(model) ~= number - 1 then
  return 0
end
redis.call('HSET', prefix .. 'aliases', model, names)
redis.call('HSET', prefix .. 'aliases:unkept', key, change)
redis.call('SET', made, '1', 'EX', MADE_SECONDS)
return 1
