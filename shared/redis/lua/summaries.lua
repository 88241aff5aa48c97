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

-- The fields in which blocks are stored.
local function fields_of(begin, blocks)
  local fields = {}
  for number in pairs(blocks) do
    fields[#fields + 1] = begin .. number
  end
  return fields
end

-- Fields of a hash, by their names; Lua cannot unpack lists that are much longer than 1,000.
local function read_fields(key, fields)
  local found = {}
  for first = 1, #fields, 1000 do
    local last = math.min(first + 999, #fields)
    for at, text in ipairs(redis.call('HMGET', key, unpack(fields, first, last))) do
      found[fields[first + at - 1]] = text
    end
  end
  return found
end

local function write_fields(key, values)
  local flat = {}
  for field, text in pairs(values) do
    flat[#flat + 1], flat[#flat + 2] = field, text
  end
  for first = 1, #flat, 1000 do
    redis.call('HSET', key, unpack(flat, first, math.min(first + 999, #flat)))
  end
end

-- Add the numbers of a part to those of an output. Its field `numbers` has the shift, the number of blocks,
-- the total, and the least and largest value. Where the shifts differ, the finer blocks are halved first;
-- where there are too many blocks then, all are.
local function add_numbers(key, output, numbers, stored, written)
  local field, begin = 'numbers:' .. output, 'block:' .. output .. ':'
  local shift, total, least, most = numbers.shift, numbers.total, numbers.least, numbers.most
  local known, blocks, have = 0, numbers.blocks, stored[field]
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
      stored = read_fields(key, fields_of(begin, blocks))
    elseif before < shift then
      local taken = take_blocks(key, begin)
      while before < shift do
        taken, before = halve_all(taken), before + 1
      end
      for number, block in pairs(taken) do
        blocks[number] = blocks[number] and sum_of(blocks[number], block) or block
      end
      stored, known = {}, 0
    end
  end
  local sums = {}
  for number, block in pairs(blocks) do
    local before = stored[begin .. number]
    if before then
      sums[number] = sum_of(block, before)
    else
      sums[number], known = block, known + 1
    end
  end
  if known > numbers.most_blocks then
    local all = take_blocks(key, begin)
    for number, block in pairs(sums) do
      all[number] = block
    end
    sums = all
    while known > numbers.most_blocks do
      sums, shift = halve_all(sums), shift + 1
      known = number_of(sums)
    end
  end
  for number, block in pairs(sums) do
    written[begin .. number] = block
  end
  written[field] = shift .. ' ' .. known .. ' ' .. total .. ' ' .. least .. ' ' .. most
end

-- Add labels to those of an output. The part names the most different values that are counted.
local function add_labels(output, labels, stored, written)
  local field, text = 'labels:' .. output, labels.text
  local have = stored[field]
  if have then
    text = cjson.encode(sum_of_labels(cjson.decode(text), cjson.decode(have), labels.most_values))
  end
  written[field] = text
end

-- Add the summary of a part to that of its job, which is read by one command and written by one.
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
  local fields, numbers, labels, watched, output = {}, {}, {}, {}, 0
  while at <= #summary do
    local kind = take()
    if kind == 'labels' then
      labels[output] = {text = take(), most_values = tonumber(take())}
      fields[#fields + 1] = 'labels:' .. output
    elseif kind == 'numbers' then
      local one = {shift = tonumber(take()), total = take(), least = take(), most = take()}
      one.most_blocks, one.blocks = tonumber(take()), {}
      fields[#fields + 1] = 'numbers:' .. output
      for _ = 1, tonumber(take()) do
        local number = tonumber(take())
        one.blocks[number] = take()
        fields[#fields + 1] = 'block:' .. output .. ':' .. number
      end
      numbers[output] = one
    elseif kind == 'watched' then
      for _ = 1, tonumber(take()) do
        local field = take()
        watched[field] = take()
        fields[#fields + 1] = field
      end
    elseif kind == 'comparison' then
      local pair, text, most = take(), take(), tonumber(take())
      add_comparison(key, pair, text, most, tonumber(take()))
    end
    output = output + 1
  end
  local stored, written = read_fields(key, fields), {}
  for number, one in pairs(numbers) do
    add_numbers(key, number, one, stored, written)
  end
  for number, one in pairs(labels) do
    add_labels(number, one, stored, written)
  end
  for field, block in pairs(watched) do
    written[field] = stored[field] and sum_of(block, stored[field]) or block
  end
  write_fields(key, written)
end
