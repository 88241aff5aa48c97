-- Count the bulk jobs that have not ended, and their rows that are not done.
-- Answers {jobs, rows, jobs of the owner, rows of the owner}.
local owner = ARGV[2]

return load_of(owner)
