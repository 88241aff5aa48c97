-- Run commands at once, like MULTI, which a full Redis refuses whatever the commands are.
-- `words` is a flat list: the number of words of a command, its words, and so on.
-- Answers the reply to each command.
local words = arguments_from(2)

use_reserve()
local at, answers = 1, {}
while at <= #words do
  local last = at + tonumber(words[at])
  answers[#answers + 1] = redis.call(unpack(words, at + 1, last))
  at = last + 1
end
return answers
