-- Remove an idempotency key whose job is deleted.
local hash = ARGV[2]

use_reserve()
drop_key(hash)
