-- Compare-and-set the state of a job: move it to `to` if it is in one of the states `from`.
-- `rest` begins with `count_of_facts` fields and values in turn, which are recorded with the move; then `from`.
-- Answers 1 if the job moved, else 0.
local id, to, reason, retention = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local count_of_facts = tonumber(ARGV[6])
local rest = arguments_from(7)

use_reserve()
local job = key_of(id)
local state = state_of(id)
local legal = false
for at = count_of_facts + 1, #rest do
  legal = legal or rest[at] == state
end
if not legal then
  return 0
end
if count_of_facts > 0 then
  redis.call('HSET', job, unpack(rest, 1, count_of_facts))
end
if to == 'running' then
  redis.call('HSET', job, 'state', to, 'started_at', stamp(now()))
else
  close(id, to, reason, retention)
  count_watched(id)
  settle_budgets(id, true)
end
return 1
