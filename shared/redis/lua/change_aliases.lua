-- Change what the names of a model mean, unless somebody else has changed them since they were read.
-- `number` is that of the change, `names` what they mean from then on, and `change` the line of the audit, both
-- as JSON; `key` is that of the line in the blob store, which does not have it yet.
-- It writes also while the memory is full: a rollback may be urgent, and needs only some kilobytes.
-- Answers 1 if it did, 0 if the names are others by now, and -1 if they must be restored first.
local model, number, names, key, change = ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]

use_reserve()
if not is_complete() then
  return -1
end
if number_of(model) ~= number - 1 then
  return 0
end
redis.call('HSET', prefix .. 'aliases', model, names)
redis.call('HSET', prefix .. 'aliases:unkept', key, change)
return 1
