-- Remove a question from its model's waiting list, if it is still there. It is there twice if the answer to the
-- script `ask` was lost. Its rows are not counted any more, and what they took from budgets is given back.
local model, item, id, owner = ARGV[2], ARGV[3], ARGV[4], ARGV[5]

use_reserve()
local removed = redis.call('LREM', list_of(model, owner, '1'), 0, item)
if removed > 0 then
  count_waiting(model, owner, '1', -removed)
  end_wait(model, owner, '1')
  redis.call('HINCRBY', prefix .. 'held', 'all', -removed * #item)
end
local asked = asked_about(id)
local remembered = redis.call('HGET', asked, id)
if remembered then
  redis.call('HDEL', asked, id)
  give_back(string.match(remembered, '\n(.*)$'))
end
