-- join LAYOUT GENERATION LEASE_MS GRACE_MS MAIL_MS NODES_MAX BATCH_MAX
--
-- Makes the connection the node's current one, if no later one is, and gives it a lease. A directory of another layout
-- refuses, and nothing is changed. A lease that is over never begins again. If nobody is alive, the directory is in
-- grace from now on; if it has no generation, it gets one. If all places of nodes are taken, the
-- node that is dead for longest is reaped first, for perhaps nobody else is alive: joining again and again makes room.
local layout, generation = ARGV[4], ARGV[5]
local lease_ms, grace_ms, mail_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local nodes_max, batch_max = tonumber(ARGV[9]), tonumber(ARGV[10])

local known = redis.call("HMGET", gen, "generation", "layout", "mail")
if known[1] and known[2] ~= layout then return { "refused", "layout", tonumber(known[2]) } end
local lease_end = redis.call("ZSCORE", nodes, node)
if lease_end then
  if tonumber(lease_end) <= now then return { "gone" } end
  local current = tonumber(redis.call("HGET", me, "conn"))
  if current > conn then return { "stale", current } end
else
  if redis.call("ZCARD", nodes) >= nodes_max then
    local dead = longest_dead()
    if dead then reap_batch(dead, batch_max) end
  end
  local count = redis.call("ZCARD", nodes)
  if count >= nodes_max then return { "refused", "nodes", count } end
end

if redis.call("ZCOUNT", nodes, "(" .. text(now), "+inf") == 0 then
  redis.call("HSET", gen, "grace", text(now + grace_ms))
end
if known[1] then
  generation = known[1]
else
  redis.call("HSET", gen, "generation", generation, "layout", layout, "turned", 0)
  redis.call("SET", fence, 0)
end
if mail_ms > tonumber(known[3] or -1) then redis.call("HSET", gen, "mail", mail_ms) end
redis.call("ZADD", nodes, text(now + lease_ms), node)
redis.call("HSET", me, "conn", conn)
redis.call("HSETNX", me, "op", 0)
redis.call("HSETNX", me, "told", 0)
return { "joined", generation, tonumber(redis.call("HGET", me, "op")) }
