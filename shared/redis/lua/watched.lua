-- Comes before the scripts that add up counts: of parts, and of jobs by the hour; see `shared/drift/counts.py`.

-- How long the counts of an hour are kept, and the reference of a model after they were last added to, in
-- seconds; a day has parts of 25 hours.
local HOUR_SECONDS, REFERENCE_SECONDS = 26 * 3600, 180 * 86400

-- As `WATCHED` in `shared/redis/summaries.py`.
local WATCHED = 'block:-1:'

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

-- Add blocks, by their fields, to the counts of a model in this hour.
local function count_in_hour(full_name, blocks)
  local fields, words = {}, {}
  for field in pairs(blocks) do
    fields[#fields + 1] = field
  end
  if #fields == 0 then
    return
  end
  local hour = prefix .. 'watched:' .. full_name .. ':' .. math.floor(now() / 3600)
  for at, have in ipairs(redis.call('HMGET', hour, unpack(fields))) do
    local field = fields[at]
    words[#words + 1], words[#words + 2] = field, have and sum_of(have, blocks[field]) or blocks[field]
  end
  redis.call('HSET', hour, unpack(words))
  redis.call('EXPIRE', hour, HOUR_SECONDS)
  redis.call('EXPIRE', prefix .. 'reference:' .. full_name, REFERENCE_SECONDS)
end

-- Add what was counted of a bulk job that ends to the counts of its model.
local function count_watched(id)
  local job = key_of(id)
  local full_name, fields = redis.call('HGET', job, 'full_name'), redis.call('HGETALL', job .. ':outputs')
  local blocks = {}
  for at = 1, #fields, 2 do
    if fields[at]:sub(1, #WATCHED) == WATCHED then
      blocks[fields[at]] = fields[at + 1]
    end
  end
  count_in_hour(full_name, blocks)
end
