-- Put questions into the waiting list of their model, in their order. `batch`, `queue` and `bell` are those of
-- `ring`; in place of `tag` each bell has the id of its own question.
-- Seven values for each question follow: its `item`, which is the question as it waits; its owner, rows and id;
-- whether it is asked for the first time; the account of its rows, and the budgets from which they are taken: see
-- `usage.lua`. They are remembered under the id for `seconds`, so that the rows are counted with the first answer
-- alone; all this is done when the question is asked for the first time.
-- Answers for each question what `ring` does; 0 if too much waits, -1 if all that waits takes too much memory,
-- -2 if a budget is spent, -3 if too much of the owner waits.
local model, max_waiting, max_bytes, seconds = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local batch, queue, bell, tag = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local values = arguments_from(10)

-- What waits of the model, in all and of each owner, and the bytes that are held: looked up once.
local all, own_of, held = nil, {}, nil
-- What is written at the end: the items of each owner, their bytes, and what is remembered of the questions.
local owners, items_of, first_rows, bytes, remembered = {}, {}, {}, 0, {}

local function number_of(owner)
  if not own_of[owner] then
    local found
    found, own_of[owner] = number_waiting(model, owner)
    all = all or found
  end
  return own_of[owner]
end

local function has_room(size)
  if max_bytes <= 0 then
    return true
  end
  held = held or held_in_all()
  return held + bytes + size <= max_bytes
end

-- Take the rows of a question from its budgets, and remember them. Answers whether the budgets have them.
local function take(id, account, rows, budgets)
  local asked = asked_about(id)
  -- The answer to the first attempt may have been lost.
  if budgets ~= '' and redis.call('HEXISTS', asked, id) == 1 then
    return true
  end
  local taken = take_rows(budgets, rows)
  if taken then
    local words = remembered[asked] or {}
    words[#words + 1], words[#words + 2] = id, account .. '\n' .. taken
    remembered[asked] = words
  end
  return taken
end

local answer = {}
for at = 1, #values, 7 do
  local item, owner, count, id, is_first, account, budgets = unpack(values, at, at + 6)
  local own, rows = number_of(owner), tonumber(count)
  local refused = refuses(all, own, owner, max_waiting)
  local outcome
  if refused > 0 then
    outcome = refused == 1 and 0 or -3
  elseif not has_room(#item) then
    outcome = -1
  elseif is_first == '1' and not take(id, account, rows, budgets) then
    outcome = -2
  else
    if not items_of[owner] then
      owners[#owners + 1], items_of[owner], first_rows[owner] = owner, {}, rows
    end
    table.insert(items_of[owner], item)
    all, own_of[owner], bytes = all + 1, own + 1, bytes + #item
    -- Mostly none is made.
    outcome = rings(all, batch) and ring(all, batch, queue, (string.gsub(bell, tag, id))) or 2
  end
  answer[#answer + 1] = outcome
end

for asked, words in pairs(remembered) do
  redis.call('HSET', asked, unpack(words))
  redis.call('EXPIRE', asked, seconds)
end
if bytes > 0 then
  redis.call('HINCRBY', prefix .. 'held', 'all', bytes)
end
for _, owner in ipairs(owners) do
  let_all_wait('LPUSH', model, owner, '1', items_of[owner], first_rows[owner])
end
return answer
