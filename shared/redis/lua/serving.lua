-- Count the live processes that serve each model version, and keep the answer for `lifetime` milliseconds.
-- It is the same for everybody who asks, and its cost grows with the number of workers.
-- Answers JSON: the number of processes by full name.
local lifetime = ARGV[2]

-- Somebody else may have counted them since the caller looked.
local counted = redis.call('GET', prefix .. 'serving')
if counted then
  return counted
end

-- An announcement of a release that writes no `serves:<node>`.
local function names_in(announcement)
  local readable, served = pcall(cjson.decode, announcement)
  local names = {}
  for _, one in ipairs(readable and type(served) == 'table' and served or {}) do
    local card = type(one) == 'table' and one.card
    if type(card) == 'table' and type(card.name) == 'string' and type(card.version) == 'string' then
      names[#names + 1] = card.name .. '@' .. card.version
    end
  end
  return table.concat(names, ' ')
end

local processes, gone = {}, {}
for _, node in ipairs(redis.call('SMEMBERS', prefix .. 'nodes')) do
  local found = redis.call('HVALS', prefix .. 'serves:' .. node)
  if #found == 0 then
    for _, announcement in ipairs(redis.call('HVALS', prefix .. 'worker:' .. node)) do
      found[#found + 1] = names_in(announcement)
    end
  end
  if #found == 0 and redis.call('EXISTS', prefix .. 'about:' .. node) == 0 then
    gone[#gone + 1] = node
  end
  for _, names in ipairs(found) do
    for full_name in string.gmatch(names, '%S+') do
      -- Bytes of a damaged name would make the answer no JSON.
      if string.match(full_name, '^[%w_.%-]+@%w+$') then
        processes[full_name] = (processes[full_name] or 0) + 1
      end
    end
  end
end
local answer = next(processes) and cjson.encode(processes) or '{}'
-- This is a read, which must not fail because Redis refuses to write. The DEL lets it write to a full memory.
-- A worker that is only late is added again at its next heartbeat.
redis.pcall('DEL', prefix .. 'serving')
redis.pcall('SET', prefix .. 'serving', answer, 'PX', lifetime)
for _, node in ipairs(gone) do
  redis.pcall('SREM', prefix .. 'nodes', node)
end
return answer
