-- Compare-and-set of a job's state. ARGV: prefix, id, to, error, retention, from...
-- Answers whether it moved.
local id, to, reason, retention = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local job = key_of(id)
local state = state_of(id)
local legal = false
for index = 6, #ARGV do
  legal = legal or ARGV[index] == state
end
if not legal then
  return 0
end
if to == 'running' then
  redis.call('HSET', job, 'state', to, 'started_at', stamp(now()))
else
  close(id, to, reason, retention)
end
return 1
