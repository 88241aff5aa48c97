-- Comes before the scripts of small jobs and questions: what waits for a model, and whose turn it is.
--
-- `waiting:<model>` has the owners of what waits, `waiting:<model>:<owner>` the priorities of an owner's, each
-- by its turn; see `turns.lua`. A priority is its weight: '0.25', '1' or '4'. The items of an owner with one
-- priority are a list, `small:<model>:<owner>:<priority>`. It is `small:<model>` for those of no owner with the
-- usual priority: they alone were there in earlier releases, which know no turns. How many items the other lists
-- have is in `waits`, because there may be very many.

-- An item costs its rows, and about as much as some rows besides.
local ROWS_BESIDES = 4

local function owners_waiting(model)
  return prefix .. 'waiting:' .. model
end

local function list_of(model, owner, priority)
  local usual = prefix .. 'small:' .. model
  if owner == '' and priority == '1' then
    return usual
  end
  return usual .. ':' .. owner .. ':' .. priority
end

-- How much waits for a model: in all, and of an owner.
local function number_waiting(model, whose)
  local owners, own = owners_waiting(model), 0
  local all = redis.call('LLEN', prefix .. 'small:' .. model)
  if whose == '' then
    own = all
  end
  if redis.call('EXISTS', owners) == 1 then
    all = all + math.max(tonumber(redis.call('HGET', prefix .. 'waits', model) or '0'), 0)
  end
  for _, priority in ipairs(redis.call('ZRANGE', owners .. ':' .. whose, 0, -1)) do
    if whose ~= '' or priority ~= '1' then
      own = own + redis.call('LLEN', list_of(model, whose, priority))
    end
  end
  return all, own
end

local function count_waiting(model, owner, priority, by)
  if owner ~= '' or priority ~= '1' then
    redis.call('HINCRBY', prefix .. 'waits', model, by)
  end
end

-- Whether one more of an owner may wait: 0 if so, 1 if too much waits in all, 2 if the owner has taken half of
-- what the others have left. So one who sends without end leaves room for others, and two do.
local function refuses(all, own, owner, most)
  if all >= most then
    return 1
  end
  return owner ~= '' and own >= most - all and 2 or 0
end

-- Whether the doorbell rings for one that waits: for the first, and for each batch of `batch` rows.
local function rings(waiting, batch)
  return waiting == 1 or waiting % batch == 0
end

-- Ring the doorbell if it rings for the last one that waits: put `bell` into `queue`.
-- Answers 2; or 1 if the caller must ring it, because `bell` is ''.
local function ring(waiting, batch, queue, bell)
  if not rings(waiting, batch) then
    return 2
  end
  if bell == '' then
    return 1
  end
  redis.call('LPUSH', prefix .. queue, bell)
  return 2
end

-- Put items of an owner and a priority to those that wait: behind them, or before them with RPUSH. `rows` are
-- those of the first item.
local function let_all_wait(push, model, owner, priority, items, rows)
  local owners = owners_waiting(model)
  redis.call(push, list_of(model, owner, priority), unpack(items))
  count_waiting(model, owner, priority, #items)
  begin_turn(owners .. ':' .. owner, priority, (rows + ROWS_BESIDES) / tonumber(priority))
  begin_turn(owners, owner, rows + ROWS_BESIDES)
end

local function let_wait(push, model, owner, priority, item, rows)
  let_all_wait(push, model, owner, priority, {item}, rows)
end

-- An owner has nothing more of a priority.
local function end_wait(model, owner, priority)
  if redis.call('EXISTS', list_of(model, owner, priority)) == 0 then
    leave_turns(owners_waiting(model), owner, priority)
    if redis.call('EXISTS', owners_waiting(model)) == 0 then
      redis.call('HDEL', prefix .. 'waits', model)
    end
  end
end

-- Take the next item of an owner and a priority; false if there is none.
local function pop_waiting(model, owner, priority)
  local item = redis.call('RPOP', list_of(model, owner, priority))
  if item then
    count_waiting(model, owner, priority, -1)
  end
  return item
end

-- What an earlier release has put into the one list that it knows takes turns too.
local function find_older(model)
  local owners = owners_waiting(model)
  if redis.call('EXISTS', prefix .. 'small:' .. model) == 1 and not redis.call('ZSCORE', owners .. ':', '1') then
    begin_turn(owners .. ':', '1', 0)
    begin_turn(owners, '', 0)
  end
end

-- Whose turn it is: the owner, the priority, and whether there is another owner and another priority.
local function turn_of(model)
  local owners = owners_waiting(model)
  local owner, other = unpack(redis.call('ZRANGE', owners, 0, 1))
  if not owner then
    return nil
  end
  local priority, another = unpack(redis.call('ZRANGE', owners .. ':' .. owner, 0, 1))
  return owner, priority, other ~= nil, another ~= nil
end
