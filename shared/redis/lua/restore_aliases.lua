-- Take over what the blob store has of the names of models, where it is newer, and note that this Redis has all.
-- The list: models, each with its names as JSON.
local found = arguments_from(2)

use_reserve()
for at = 1, #found, 2 do
  local model, names = found[at], found[at + 1]
  if cjson.decode(names).number > number_of(model) then
    redis.call('HSET', prefix .. 'aliases', model, names)
  end
end
redis.call('SET', prefix .. 'aliases:server', server_id())
