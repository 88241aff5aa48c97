-- Comes before the scripts that read and change the aliases of models; see `shared/redis/aliases.py`.

-- The id of the process of this Redis; '' if its user may not ask.
local function server_id()
  local answer = redis.pcall('INFO', 'server')
  return type(answer) == 'string' and string.match(answer, 'run_id:(%w+)') or ''
end

-- Whether this Redis has every change that is in the blob store: its aliases were compared with that since it
-- was started or took over. One that lost what was written last would give a bare name a former champion.
local function is_complete()
  return redis.call('GET', prefix .. 'aliases:server') == server_id()
end

-- The number of changes of which the names of a model are the outcome.
local function number_of(model)
  local names = redis.call('HGET', prefix .. 'aliases', model)
  return names and cjson.decode(names).number or 0
end
