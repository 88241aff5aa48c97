-- Remove a job with everything that belongs to it. If `seconds` is not 0, the id and the owner of the job
-- are remembered as those of an expired job for that time. `tails` is what follows `job:<id>` in its keys.
local id, seconds = ARGV[2], tonumber(ARGV[3])
local tails = arguments_from(4)

use_reserve()
local job = key_of(id)
local owner = redis.call('HGET', job, 'owner')
local spec = redis.call('HGET', job, 'spec')
-- A damaged record can be removed, too.
local is_read, decoded = pcall(cjson.decode, spec or '')
local binding = is_read and type(decoded) == 'table' and decoded.binding
if type(binding) == 'table' then
  -- Without its job the key is free in any case.
  if redis.call('HGET', prefix .. 'key:' .. binding.key, 'job') == id then
    drop_key(binding.key)
  end
end
local state = state_of(id)
if state == 'queued' or state == 'running' then
  -- As if it were cancelled: what was not scored is given back to budgets.
  pcall(settle_budgets, id, true)
end
stop(id)
release(id)
for _, tail in ipairs(tails) do
  redis.call('DEL', job .. tail)
end
if owner and seconds > 0 then
  redis.call('HSET', job, 'state', 'expired', 'owner', owner)
  redis.call('EXPIRE', job, seconds)
end
redis.call('ZREM', prefix .. 'jobs:of:' .. (owner or ''), id)
for _, index in ipairs({'jobs', 'jobs:active', 'jobs:ended', 'small:claims', 'small:ended', 'callbacks',
  'jobs:clear'}) do
  redis.call('ZREM', prefix .. index, id)
end
