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
local ids = prefix .. "ids:" .. dead
local oldest = redis.call("ZRANGE", ids, 0, batch_max - 1)
for _, id in ipairs(oldest) do
  redis.call("HDEL", claims, id)
  redis.call("ZREM", ids, id)
end
if redis.call("EXISTS", ids) == 1 then return { "reaped", #oldest, 0 } end
redis.call("ZREM", nodes, dead)
redis.call("DEL", prefix .. "n:" .. dead, prefix .. "ctl:" .. dead)
return { "reaped", #oldest, 1 }
