-- Count the bulk jobs that have not ended, and their rows that are not done.
-- Answers {jobs, rows, jobs of the owner, rows of the owner, bytes of memory, those of the owner}.
local owner = ARGV[2]

local answer = load_of(owner)
for _, whose in ipairs({'all', 'of:' .. owner}) do
  answer[#answer + 1] = tonumber(redis.call('HGET', prefix .. 'held', whose) or '0') + keys_held(whose)
end
return answer
