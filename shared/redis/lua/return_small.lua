-- Put small jobs whose lease is over back to the front of their waiting list.
-- Answers the models whose doorbell must be rung.

use_reserve()
local claims = prefix .. 'small:claims'
local models = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', claims, '-inf', stamp(now()))) do
  redis.call('ZREM', claims, id)
  local model = redis.call('HGET', key_of(id), 'full_name')
  if model and state_of(id) == 'running' then
    redis.call('RPUSH', prefix .. 'small:' .. model, id)
    models[#models + 1] = model
  end
end
return models
