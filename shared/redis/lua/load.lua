-- Count the bulk jobs that have not ended, and their rows that are not done.
-- Answers {jobs, rows, jobs of the owner, rows of the owner, bytes of memory, those of the owner}.
local owner = ARGV[2]

local answer = load_of(owner)
for _, bytes in ipairs(redis.call('HMGET', prefix .. 'held', 'all', 'of:' .. owner)) do
  answer[#answer + 1] = tonumber(bytes or '0')
end
return answer
