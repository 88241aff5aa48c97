-- Hand out steps of the jobs of a model until `lanes` of them are under way. With `check` 1, first remove from
-- what is under way what is not: done parts, splits that have recorded parts, and all of jobs that have ended or
-- are gone. Only a worker of an older release leaves these.
-- Answers four values for each step: the job, the part or -2 for its split, its traceparent and its request id.
local full_name, lanes, lease, check = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

use_reserve()
local under_way = prefix .. 'lanes:' .. full_name
if check == '1' and redis.call('SCARD', under_way) >= lanes then
  for _, step in ipairs(redis.call('SMEMBERS', under_way)) do
    local id, part = string.match(step, '^(%x+) (%-?%d+)$')
    local have = id and redis.call('HMGET', key_of(id), 'state', 'parts', 'split') or {}
    local open, done = have[1] == 'queued' or have[1] == 'running', false
    if open and tonumber(part) == SPLIT then
      done = tonumber(have[2] or '0') > 0 or have[3] == '1'
    elseif open then
      done = redis.call('GETBIT', key_of(id) .. ':done', part) == 1
    end
    if not open or done then
      redis.call('SREM', under_way, step)
    end
  end
end
return hand_out(full_name, lanes, lease, {})
