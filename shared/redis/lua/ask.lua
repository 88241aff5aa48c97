-- Put a question into its model's waiting list. `item` is the question as it waits.
-- `account` is that of its rows, and `wanted` of them are taken from `budgets`: see `usage.lua`. They are
-- remembered under `id` for `seconds`, so that the rows are counted with the first answer alone. All this is
-- done when the question is asked for the first time.
-- `batch`, `queue` and `bell` are those of `ring`.
-- Answers what `ring` does; 0 if too much waits, -1 if all that waits takes too much
-- memory, -2 if a budget is spent, -3 if too much of the owner waits.
local model, item, max_waiting, max_bytes = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local id, is_first, account, seconds = ARGV[6], ARGV[7] == '1', ARGV[8], ARGV[9]
local wanted, budgets, owner, rows = tonumber(ARGV[10]), ARGV[11], ARGV[12], tonumber(ARGV[13])
local batch, queue, bell = tonumber(ARGV[14]), ARGV[15], ARGV[16]

local all, own = number_waiting(model, owner)
local refused = refuses(all, own, owner, max_waiting)
if refused > 0 then
  return refused == 1 and 0 or -3
end
if held_room('', #item, max_bytes, max_bytes) < 0 then
  return -1
end
if is_first then
  local asked = asked_about(id)
  -- The answer to the first attempt may have been lost.
  if budgets == '' or redis.call('HEXISTS', asked, id) == 0 then
    local taken = take_rows(budgets, wanted)
    if not taken then
      return -2
    end
    redis.call('HSET', asked, id, account .. '\n' .. taken)
    redis.call('EXPIRE', asked, seconds)
  end
end
redis.call('HINCRBY', prefix .. 'held', 'all', #item)
let_wait('LPUSH', model, owner, '1', item, rows)
return ring(all + 1, batch, queue, bell)
