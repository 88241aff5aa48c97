-- Bind the key of a job that was restored, if its time is not over and no other request has it.
-- ARGV: prefix, id, key, token, fingerprint, seconds.
if tonumber(ARGV[6]) > 0 then
  bind_key(3, ARGV[2])
end
