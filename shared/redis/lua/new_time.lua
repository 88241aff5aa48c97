-- Answer the time for the id of a new job. The store remembers every job from this time on.

local at = now()
redis.call('SET', prefix .. 'since', stamp(math.floor(at * 1000) / 1000), 'NX')
return stamp(at)
