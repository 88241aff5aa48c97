-- Put small jobs whose lease is over back to the front of their waiting list.
-- Answers the models whose doorbell must be rung.

use_reserve()
local claims = prefix .. 'small:claims'
local models = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', claims, '-inf', stamp(now()))) do
  redis.call('ZREM', claims, id)
  local have = redis.call('HMGET', key_of(id), 'full_name', 'state', 'owner', 'priority', 'total')
  local model, rows = have[1], tonumber(have[5] or '0')
  if model and have[2] == 'running' then
    let_wait('RPUSH', model, have[3] or '', have[4] or '1', id, rows)
    models[#models + 1] = model
  end
end
return models
