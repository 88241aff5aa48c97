-- Comes before `summaries`: adds the comparison of two models in a part to that of its job; see
-- `shared/jobs/comparison.py: Comparison.written`.

local function numbers_of(text)
  local found = {}
  for number in text:gmatch('%S+') do
    found[#found + 1] = tonumber(number)
  end
  return found
end

-- Lua would write only 14 digits.
local function text_of(numbers)
  local found = {}
  for at, number in ipairs(numbers) do
    found[at] = string.format('%.17g', number)
  end
  return table.concat(found, ' ')
end

local function sums_of(one, other)
  local found, others = numbers_of(one), numbers_of(other)
  for at, number in ipairs(others) do
    found[at] = found[at] + number
  end
  return text_of(found)
end

-- The moments of the rows of both (Chan, Golub, LeVeque, 1979); see `Moments`.
local function sum_of_moments(one, other)
  local a, b = numbers_of(one), numbers_of(other)
  if a[1] == 0 then
    return other
  elseif b[1] == 0 then
    return one
  end
  local rows = a[1] + b[1]
  local found, apart = {rows}, {}
  for at = 1, 3 do
    apart[at] = b[1 + at] - a[1 + at]
    found[1 + at] = a[1 + at] + apart[at] * b[1] / rows
    found[4 + at] = a[4 + at] + b[4 + at] + apart[at] * apart[at] * a[1] / rows * b[1]
  end
  found[8] = a[8] + b[8] + apart[1] * apart[2] * a[1] / rows * b[1]
  return text_of(found)
end

local function differs_more(one, other)
  local size, size_of_other = tonumber(one.size), tonumber(other.size)
  if size ~= size_of_other then
    return size > size_of_other
  end
  return one.row < other.row
end

-- The rows of both lists that differ most, at most `most`.
local function largest_of(one, other, most)
  local found = {}
  for _, list in ipairs({one, other}) do
    for _, row in ipairs(list) do
      found[#found + 1] = row
    end
  end
  table.sort(found, differs_more)
  for at = #found, most + 1, -1 do
    found[at] = nil
  end
  return found
end

local function add_comparison(key, output, text, most, most_values)
  local field = 'compared:' .. output
  local have = redis.call('HGET', key, field)
  if have then
    local found, stored = cjson.decode(text), cjson.decode(have)
    for name, rows in pairs(stored.counts) do
      found.counts[name] = (found.counts[name] or 0) + rows
    end
    found.moments = sum_of_moments(stored.moments, found.moments)
    found.errors = sums_of(stored.errors, found.errors)
    found.changes = sum_of_labels(found.changes, stored.changes, most_values)
    found.largest = largest_of(found.largest, stored.largest, most)
    text = cjson.encode(found)
  end
  redis.call('HSET', key, field, text)
end
