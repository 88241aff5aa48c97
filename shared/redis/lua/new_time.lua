-- The time for the id of a new job: from it on everything is remembered. ARGV: prefix.
local at = now()
redis.call('SET', prefix .. 'since', stamp(math.floor(at * 1000) / 1000), 'NX')
return stamp(at)
