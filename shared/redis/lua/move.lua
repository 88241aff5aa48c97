-- Compare-and-set the state of a job: move it to `to` if it is in one of the states `from`.
-- `count_of_facts` is the number of values in a flat list of fields that are recorded with the move.
-- Answers 1 if the job moved, else 0.
local id, to, reason, retention = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local count_of_facts = tonumber(ARGV[6])
local from = arguments_from(7 + count_of_facts)

use_reserve()
local job = key_of(id)
local state = state_of(id)
local legal = false
for _, source in ipairs(from) do
  legal = legal or source == state
end
if not legal then
  return 0
end
if count_of_facts > 0 then
  redis.call('HSET', job, unpack(ARGV, 7, 6 + count_of_facts))
end
if to == 'running' then
  redis.call('HSET', job, 'state', to, 'started_at', stamp(now()))
else
  close(id, to, reason, retention)
  settle_budgets(id, true)
end
return 1
