-- Count the bulk jobs that have not ended, and their rows that are not done.
-- Answers {jobs, rows, jobs of the owner, rows of the owner}.
local owner = ARGV[2]

local answer = {0, 0, 0, 0}
for _, id in ipairs(redis.call('ZRANGE', prefix .. 'jobs:active', 0, -1)) do
  local have = redis.call('HMGET', key_of(id), 'total', 'about_rows', 'completed', 'failed', 'owner')
  local done = tonumber(have[3] or '0') + tonumber(have[4] or '0')
  local left = math.max(tonumber(have[1] or have[2] or '0') - done, 0)
  for at = 1, have[5] == owner and 3 or 1, 2 do
    answer[at] = answer[at] + 1
    answer[at + 1] = answer[at + 1] + left
  end
end
return answer
