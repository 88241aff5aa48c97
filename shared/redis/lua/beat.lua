-- Renew the announcements of a worker, if Redis has exactly those that the worker expects.
-- `lifetime` is in milliseconds. `expected` is a digest for each process, `pid` and announcement joined by a
-- colon; the digests are sorted and joined.
-- Answers 1 if they were renewed, 0 if the worker must look what has changed.
local node, lifetime, expected = ARGV[2], ARGV[3], ARGV[4]

use_reserve()
local worker, serves = prefix .. 'worker:' .. node, prefix .. 'serves:' .. node
local have, digests = redis.call('HGETALL', worker), {}
for at = 1, #have, 2 do
  digests[#digests + 1] = redis.sha1hex(have[at] .. ':' .. have[at + 1])
end
table.sort(digests)
if table.concat(digests) ~= expected or redis.call('PEXPIRE', serves, lifetime) == 0 then
  return 0
end
redis.call('PEXPIRE', worker, lifetime)
redis.call('SADD', prefix .. 'nodes', node)
return 1
