-- Take a small job or a question of a model from those that wait, whoever's turn it is.
-- Answers it as it waited: the id of a job, or a question; false if nothing waits.
local model = ARGV[2]

use_reserve()
find_older(model)
local owner, priority = turn_of(model)
if not owner then
  return false
end
local item = pop_waiting(model, owner, priority)
end_wait(model, owner, priority)
return item
