-- Leave a note at a part. ARGV: prefix, id, part, note.
-- Not for a job that has ended or is gone: nobody would delete it.
local id = ARGV[2]
if state_of(id) == 'running' then
  redis.call('HSET', key_of(id) .. ':notes', ARGV[3], ARGV[4])
end
