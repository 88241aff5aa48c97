-- Comes before the script `complete_part`: adds the summary of a part to that of its job.

-- Whether one number is less than another; both are texts. The digits of integers are compared where
-- doubles, which Lua computes with, cannot tell them apart.
local function is_less(one, other)
  local first, second = tonumber(one), tonumber(other)
  if first ~= second or one == other or one:find('[^-%d]') or other:find('[^-%d]') then
    return first < second
  end
  local nearer_to_zero
  if #one ~= #other then
    nearer_to_zero = #one < #other
  else
    nearer_to_zero = one < other
  end
  return nearer_to_zero == (first >= 0)
end

-- A block is a text of doubles; `format` is that of all its numbers.
local function format_of(block)
  return '<' .. string.rep('d', #block / 8)
end

-- The sum of two blocks.
local function sum_of(one, other)
  local format = format_of(one)
  local sums, others = {struct.unpack(format, one)}, {struct.unpack(format, other)}
  -- After the numbers comes the place where the next would begin.
  local count = #sums - 1
  for at = 1, count do
    sums[at] = sums[at] + others[at]
  end
  return struct.pack(format, unpack(sums, 1, count))
end

-- A block with buckets of twice the width: each two neighbours become one. They fill the first half of the
-- block or, if its number is odd, the second: so it can be added to that of the block next to it.
local function halved(number, block)
  local format = format_of(block)
  local counts, sums = {struct.unpack(format, block)}, {}
  local count = #counts - 1
  local before = number % 2 * count / 2
  for at = 1, count do
    sums[at] = 0
  end
  for at = 1, count / 2 do
    sums[before + at] = counts[2 * at - 1] + counts[2 * at]
  end
  return math.floor(number / 2), struct.pack(format, unpack(sums))
end

local function halve_all(blocks)
  local found = {}
  for number, block in pairs(blocks) do
    local into, half = halved(number, block)
    found[into] = found[into] and sum_of(found[into], half) or half
  end
  return found
end

-- All blocks of an output that are stored; they are removed.
local function take_blocks(key, begin)
  local found, fields = {}, redis.call('HGETALL', key)
  for at = 1, #fields, 2 do
    if fields[at]:sub(1, #begin) == begin then
      found[tonumber(fields[at]:sub(#begin + 1))] = fields[at + 1]
      redis.call('HDEL', key, fields[at])
    end
  end
  return found
end

-- The numbers of blocks, and the fields in which they are stored.
local function named(begin, blocks)
  local numbers, fields = {}, {}
  for number in pairs(blocks) do
    numbers[#numbers + 1], fields[#fields + 1] = number, begin .. number
  end
  return numbers, fields
end

-- Add the numbers of a part to those of an output. Its field `numbers` has the shift, the number of blocks,
-- the total, and the least and largest value. Where the shifts differ, the finer blocks are halved first;
-- where there are too many blocks then, all are.
local function add_numbers(key, output, shift, total, least, most, most_blocks, blocks)
  local field, begin = 'numbers:' .. output, 'block:' .. output .. ':'
  local known, numbers, fields = 0, named(begin, blocks)
  local stored = redis.call('HMGET', key, field, unpack(fields))
  local have = table.remove(stored, 1)
  if have then
    local before, count, sum, low, high = have:match('^(%S+) (%S+) (%S+) (%S+) (%S+)$')
    before, known = tonumber(before), tonumber(count)
    total = string.format('%.17g', tonumber(total) + tonumber(sum))
    if is_less(low, least) then
      least = low
    end
    if is_less(most, high) then
      most = high
    end
    if shift < before then
      while shift < before do
        blocks, shift = halve_all(blocks), shift + 1
      end
      numbers, fields = named(begin, blocks)
      stored = redis.call('HMGET', key, unpack(fields))
    elseif before < shift then
      local taken = take_blocks(key, begin)
      while before < shift do
        taken, before = halve_all(taken), before + 1
      end
      for number, block in pairs(taken) do
        blocks[number] = blocks[number] and sum_of(blocks[number], block) or block
      end
      numbers, fields = named(begin, blocks)
      stored, known = {}, 0
    end
  end
  local written = {field, ''}
  for index, number in ipairs(numbers) do
    local block = blocks[number]
    if stored[index] then
      block = sum_of(block, stored[index])
    else
      known = known + 1
    end
    written[#written + 1], written[#written + 2] = fields[index], block
  end
  if known > most_blocks then
    blocks = take_blocks(key, begin)
    for at = 3, #written, 2 do
      blocks[tonumber(written[at]:sub(#begin + 1))] = written[at + 1]
    end
    while known > most_blocks do
      blocks, shift = halve_all(blocks), shift + 1
      known = number_of(blocks)
    end
    written = {field, ''}
    for number, block in pairs(blocks) do
      written[#written + 1], written[#written + 2] = begin .. number, block
    end
  end
  written[2] = shift .. ' ' .. known .. ' ' .. total .. ' ' .. least .. ' ' .. most
  redis.call('HSET', key, unpack(written))
end

-- Add labels to those of an output. The part names the most different values that are counted.
local function add_labels(key, output, text, most_values)
  local field = 'labels:' .. output
  local have = redis.call('HGET', key, field)
  if have then
    local labels = sum_of_labels(cjson.decode(text), cjson.decode(have), most_values)
    text = cjson.encode(labels)
  end
  redis.call('HSET', key, field, text)
end

local function add_summary(job, summary)
  local key, at = job .. ':outputs', 1
  local function take()
    at = at + 1
    return summary[at - 1]
  end
  for _ = 1, tonumber(take() or '0') do
    local kind = take()
    redis.call('HINCRBY', job .. ':summary', 'error:' .. kind, take())
  end
  local output = 0
  while at <= #summary do
    local kind = take()
    if kind == 'labels' then
      local text = take()
      add_labels(key, output, text, tonumber(take()))
    elseif kind == 'numbers' then
      local shift, total, least, most = tonumber(take()), take(), take(), take()
      local most_blocks, blocks = tonumber(take()), {}
      for _ = 1, tonumber(take()) do
        local number = tonumber(take())
        blocks[number] = take()
      end
      add_numbers(key, output, shift, total, least, most, most_blocks, blocks)
    elseif kind == 'comparison' then
      local pair, text, most = take(), take(), tonumber(take())
      add_comparison(key, pair, text, most, tonumber(take()))
    end
    output = output + 1
  end
end
