-- beat LEASE_MS SEEN PROBE
--
-- Extends the lease of a node that has one. Returns the generation, the highest number of the node's writes, the node
-- that is dead for longest (empty if none is), and the notices after number SEEN; those up to it are dropped.
-- Publishes PROBE on the node's own channel: a subscriber that does not hear it is deaf.
local refused = refusal()
if refused then return refused end

redis.call("ZADD", nodes, text(now + tonumber(ARGV[4])), node)
turn_mail()
local last, notices = notices_after(ARGV[5])
redis.call("PUBLISH", prefix .. "d:" .. node, "probe " .. ARGV[6])
local generation = redis.call("HGET", gen, "generation")
local op = tonumber(redis.call("HGET", me, "op"))
return { "beaten", generation, op, longest_dead() or "", last, notices }
