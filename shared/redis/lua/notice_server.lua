-- Note which server answers. `server` is the id of its process.
-- Answers 1 if it is another one than at the last call: Redis was restarted, or a replica has taken over.
-- What was written last may then be lost; `lost_from` and `lost_to` say since when and until when.
local id = ARGV[2]

use_reserve()
local server, at = prefix .. 'server', stamp(now())
local have = redis.call('HMGET', server, 'id', 'seen')
redis.call('HSET', server, 'id', id, 'seen', at)
if not have[1] or have[1] == id then
  return 0
end
redis.call('HSET', server, 'lost_from', have[2], 'lost_to', at)
return 1
