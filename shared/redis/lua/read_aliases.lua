-- What the names of all models mean: a flat list of models and their names as JSON; false if they must be
-- restored first.
return is_complete() and redis.call('HGETALL', prefix .. 'aliases')
