-- Record a small job, and put it into its model's waiting list.
-- `key` is the idempotency key, or ''. `held` is the memory that the job takes; its limits are 0 for none.
-- `record` has a field and a value in turn. `wanted` rows are taken from `budgets`, see `take_rows`. `batch`,
-- `queue` and `bell` are those of `ring`.
-- Answers what `ring` does; 0 if too much waits for the model, -1 if another request has the key, -2 and -3 if
-- there is no memory, in the service or for the owner, -4 if a budget is spent, -5 if too much of the owner waits.
local id, model, rows, max_waiting = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local key, token, fingerprint, seconds = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local owner, held = ARGV[10], tonumber(ARGV[11])
local max_held, max_owner_held = tonumber(ARGV[12]), tonumber(ARGV[13])
local wanted, budgets = tonumber(ARGV[14]), ARGV[15]
local batch, queue, bell = tonumber(ARGV[16]), ARGV[17], ARGV[18]
local record = arguments_from(19)

local job = key_of(id)
local all, own = number_waiting(model, owner)
if redis.call('EXISTS', job) == 1 then
  -- The answer to the first attempt was lost.
  return ring(math.max(all, 1), batch, queue, bell)
end
local refused = refuses(all, own, owner, max_waiting)
if refused > 0 then
  return refused == 1 and 0 or -5
end
local room = held_room(owner, held, max_held, max_owner_held)
if room < 0 then
  return room - 1
end
local taken = take_rows(budgets, wanted)
if not taken then
  return -4
end
if not bind_key(id, key, token, fingerprint, seconds) then
  give_back(taken)
  return -1
end
redis.call('HSET', job, unpack(record))
if taken ~= '' then
  redis.call('HSET', job, 'taken', taken)
end
hold(id)
count_bound(id, key, tonumber(seconds))
redis.call('SET', job .. ':rows', rows)
list(id)
redis.call('SADD', prefix .. 'small:models', model)
local have = redis.call('HMGET', job, 'priority', 'total')
let_wait('LPUSH', model, owner, have[1] or '1', id, tonumber(have[2] or '0'))
return ring(all + 1, batch, queue, bell)
