-- reap DEAD BATCH_MAX
--
-- Takes claims of a dead node away, the oldest first, and the node with the last of them. A node whose lease is not over
-- loses nothing, and a claim that another node has taken over by now is not among those of the dead one.
local dead, batch_max = ARGV[4], tonumber(ARGV[5])
local refused = refusal()
if refused then return refused end

local lease_end = redis.call("ZSCORE", nodes, dead)
if not lease_end then return { "reaped", 0, 1 } end
if tonumber(lease_end) > now then return { "alive" } end
local count, is_done = reap_batch(dead, batch_max)
return { "reaped", count, is_done and 1 or 0 }
