-- Comes before the scripts that count usage or take rows from budgets; see `shared/jobs/usage.py`.

-- As in `shared/jobs/usage.py`.
local MOST_ACCOUNTS, MOST_NAMES, MOST_VALUES, MOST_OWNERS = 10000, 20, 50, 200

-- How many fields are read or written by one command; Lua cannot unpack much longer lists.
local MOST_AT_ONCE = 1000

-- How long the rows taken from budgets are known, in seconds: their day, and one more to give back.
local BUDGET_SECONDS = 2 * 86400

-- The number of the present day (UTC) since the epoch.
local function today()
  return math.floor(now() / 86400)
end

-- Figures are rows with a score, rows with an error, bytes and microseconds: four numbers, as a text.
local function figures_in(text)
  local found = {string.match(text or '', '^(%d+) (%d+) (%d+) (%d+)$')}
  for at = 1, 4 do
    found[at] = tonumber(found[at] or '0')
  end
  return found
end

local function text_of_figures(figures)
  return string.format('%.0f %.0f %.0f %.0f', unpack(figures))
end

-- Add figures to those of a name in a table.
local function add_to(sums, name, figures)
  sums[name] = sums[name] or {0, 0, 0, 0}
  for at = 1, 4 do
    sums[name][at] = sums[name][at] + tonumber(figures[at])
  end
end

-- The field that a new line of a day gets: its own, or that of others if there are too many. A line is
-- `a <owner> <key> <model>` or `l <owner> <label> <value>`; `# <owner>` counts an owner's labels, and
-- `# <owner> <label>` the values of one.
local function field_in_day(day, field)
  local kind, owner, name = string.match(field, '^(%l) (%S*) (%S*)')
  local lines = redis.call('HLEN', day)
  if kind == 'a' then
    if lines < MOST_ACCOUNTS then
      return field
    end
    return lines < 2 * MOST_ACCOUNTS and 'a ' .. owner or 'a'
  end
  local names, values = '# ' .. owner, '# ' .. owner .. ' ' .. name
  local have = redis.call('HMGET', day, names, values)
  if not have[2] and (tonumber(have[1] or '0') >= MOST_NAMES or lines >= MOST_ACCOUNTS / 2) then
    return 'l ' .. owner
  end
  if tonumber(have[2] or '0') >= MOST_VALUES or lines >= MOST_ACCOUNTS / 2 then
    return 'l ' .. owner .. ' ' .. name
  end
  if not have[2] then
    redis.call('HINCRBY', day, names, 1)
  end
  redis.call('HINCRBY', day, values, 1)
  return field
end

local function field_in_owners(owners, field)
  return redis.call('HLEN', owners) < MOST_OWNERS and field or 'o'
end

-- Add the sums to the lines of a hash. `choose` names the field of a new line. Answers whether there is one.
local function add_lines(place, sums, choose)
  local fields, others, is_new = {}, {}, false
  for field in pairs(sums) do
    fields[#fields + 1] = field
  end
  for first = 1, #fields, MOST_AT_ONCE do
    local last = math.min(first + MOST_AT_ONCE - 1, #fields)
    local have, words = redis.call('HMGET', place, unpack(fields, first, last)), {}
    for at = first, last do
      local field, text = fields[at], have[at - first + 1]
      local own = text and field or choose(place, field)
      if own == field then
        local figures = figures_in(text)
        for one = 1, 4 do
          figures[one] = figures[one] + sums[field][one]
        end
        words[#words + 1], words[#words + 2] = field, text_of_figures(figures)
        is_new = is_new or not text
      else
        add_to(others, own, sums[field])
      end
    end
    if #words > 0 then
      redis.call('HSET', place, unpack(words))
    end
  end
  for field, figures in pairs(others) do
    local text = redis.call('HGET', place, field)
    add_to(others, field, figures_in(text))
    redis.call('HSET', place, field, text_of_figures(others[field]))
    is_new = is_new or not text
  end
  return is_new
end

-- Add the figures of an account to the sums of this script. `account` is JSON, see `account_of` in
-- `usage.py`: the line of the account, and those of its labels. Records of older releases have none.
local function sum_up(sums, account, figures)
  if account then
    for _, field in ipairs(cjson.decode(account)) do
      add_to(sums, field, figures)
    end
  end
end

-- Count the sums for today. A day is kept for `seconds`.
local function count_usage(sums, seconds)
  if next(sums) == nil then
    return
  end
  local owners = {}
  for field, figures in pairs(sums) do
    local owner = string.match(field, '^a (%S*)')
    if owner then
      add_to(owners, 'o ' .. owner, figures)
    end
  end
  local day = prefix .. 'usage:' .. today()
  if add_lines(day, sums, field_in_day) then
    redis.call('EXPIRE', day, seconds)
  end
  add_lines(prefix .. 'usage:owners', owners, field_in_owners)
end

-- Take rows from budgets for today. `budgets` is JSON: pairs of a name and its rows; '' is none.
-- Answers false if one of them has too few, else what a record remembers of it: JSON, '' for no budgets.
local function take_rows(budgets, rows)
  if budgets == '' then
    return ''
  end
  local day, names = today(), {}
  local place = prefix .. 'budgets:' .. day
  for at, budget in ipairs(cjson.decode(budgets)) do
    names[at] = budget[1]
    if tonumber(redis.call('HGET', place, budget[1]) or '0') + rows > budget[2] then
      return false
    end
  end
  for _, name in ipairs(names) do
    redis.call('HINCRBY', place, name, rows)
  end
  redis.call('EXPIRE', place, BUDGET_SECONDS)
  return cjson.encode({day = day, rows = rows, names = names})
end

-- Let what was taken from budgets be `rows`. `taken` is what `take_rows` has answered.
-- Answers what the record remembers from now on.
local function let_be_taken(taken, rows)
  local found = cjson.decode(taken)
  local place = prefix .. 'budgets:' .. found.day
  for _, name in ipairs(found.names) do
    -- The day may be over for long.
    if redis.call('HEXISTS', place, name) == 1 then
      redis.call('HINCRBY', place, name, rows - found.rows)
    end
  end
  found.rows = rows
  return cjson.encode(found)
end

local function give_back(taken)
  if taken ~= '' then
    let_be_taken(taken, 0)
  end
end

-- The hash of the questions that were asked about the time of this one and have no answer yet. An id begins
-- with the milliseconds at which it was made.
local function asked_about(id)
  return prefix .. 'asked:' .. math.floor(tonumber(string.sub(id, 1, 12), 16) / 60000)
end

-- Let a job have taken from budgets only the rows that it has; `ended`: only those that were scored.
local function settle_budgets(id, ended)
  local job = key_of(id)
  local have = redis.call('HMGET', job, 'taken', 'total', 'counted_before', 'completed', 'failed', 'uncounted')
  if not have[1] then
    return
  end
  local rows
  if ended then
    rows = tonumber(have[4] or '0') + tonumber(have[5] or '0') - tonumber(have[6] or '0')
  else
    rows = tonumber(have[2]) - tonumber(have[3] or '0')
  end
  redis.call('HSET', job, 'taken', let_be_taken(have[1], math.max(rows, 0)))
end

-- Remember which parts of a retry were counted for the job that it retries, and how many rows. A retry by another
-- version of the model takes over no result.
local function take_over_counted(id, old_id)
  local job, old = key_of(id), key_of(old_id)
  local have = redis.call('HMGET', old, 'completed', 'failed', 'full_name')
  if have[3] ~= redis.call('HGET', job, 'full_name') then
    return
  end
  redis.call('BITOP', 'OR', job .. ':counted', old .. ':done', old .. ':counted')
  redis.call('HSET', job, 'counted_before', tonumber(have[1] or '0') + tonumber(have[2] or '0'))
end
