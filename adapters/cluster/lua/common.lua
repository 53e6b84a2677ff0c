-- What every script begins with: the keys, who asks, and the changes that commands are made of.
--
-- KEYS[1] is the prefix of all keys, `{<cluster_namespace>}:`, so that all are in one slot.
-- ARGV[1] is the node that asks, ARGV[2] the number of its connection, ARGV[3] the time in milliseconds: empty, but in
-- tests, where the server's own clock must not decide.
--
--   gen         hash    generation, layout, grace (until when), mail (how long it may wait), turned (when)
--   fence       string  the highest seq so far
--   nodes       zset    node -> end of its lease
--   n:<node>    hash    conn, op (the highest number of its writes), told (how many notices it was ever given)
--   ids:<node>  zset    id -> seq, of the claims that the node holds
--   claims      hash    id -> node seq op owner
--   young, old  hash    id -> the nodes at which mail waits for it
--   ctl:<node>  list    notices that it has not acknowledged
--   d:<node>    channel doorbells and probes
--
-- A number from 2^53 on does not survive Lua, and one from 10^14 on not its `tostring`: `text` writes numbers.

local prefix, node, conn = KEYS[1], ARGV[1], tonumber(ARGV[2])
local gen, fence, nodes = prefix .. "gen", prefix .. "fence", prefix .. "nodes"
local claims, young, old = prefix .. "claims", prefix .. "young", prefix .. "old"
local me, mine = prefix .. "n:" .. node, prefix .. "ids:" .. node

local now = tonumber(ARGV[3])
if not now then
  local time = redis.call("TIME")
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(number)
  return string.format("%.0f", number)
end

local function is_alive(name)
  local lease_end = redis.call("ZSCORE", nodes, name)
  return lease_end ~= false and tonumber(lease_end) > now
end

-- Nothing but a join is done for a node that is not known or whose lease is over, nor over another connection than its
-- current one: what an old connection still had in its buffer does nothing.
local function refusal()
  if not is_alive(node) then return { "gone" } end
  local current = tonumber(redis.call("HGET", me, "conn"))
  if current ~= conn then return { "stale", current } end
end

local function count_op(op)
  local known = redis.call("HGET", me, "op")
  if tonumber(op) > tonumber(known) then redis.call("HSET", me, "op", op) end
end

-- The claim of an id: node, seq, op, owner; nil if there is none.
local function claim_of(id)
  local claim = redis.call("HGET", claims, id)
  if not claim then return nil end
  local holder, seq, op, owner = string.match(claim, "^(%S+) (%d+) (%d+) (.*)$")
  return { node = holder, seq = seq, op = op, owner = owner }
end

local function drop_claim(id, claim)
  redis.call("HDEL", claims, id)
  redis.call("ZREM", prefix .. "ids:" .. claim.node, id)
end

-- Bells that rang: one is enough for all that a script tells a node.
local rung = {}

-- Gives a node that is alive a notice. The list is capped: a node sees from the numbers that some are missing.
local function tell(to, notice, most)
  if not is_alive(to) then return end
  redis.call("RPUSH", prefix .. "ctl:" .. to, notice)
  redis.call("LTRIM", prefix .. "ctl:" .. to, -most, -1)
  redis.call("HINCRBY", prefix .. "n:" .. to, "told", 1)
  if rung[to] then return end
  rung[to] = true
  redis.call("PUBLISH", prefix .. "d:" .. to, "doorbell")
end

-- Claims an id for the node that asks, in the place of the claim there is. A former holder is told, and so is every
-- node at which mail waits. The fence is not touched.
local function put_claim(id, former, seq, op, owner, most_notices)
  if former then
    drop_claim(id, former)
    if former.node ~= node then
      tell(former.node, "evicted " .. former.seq .. " " .. id, most_notices)
    end
  end
  redis.call("HSET", claims, id, node .. " " .. seq .. " " .. op .. " " .. owner)
  redis.call("ZADD", mine, seq, id)
  local told = {}
  for _, half in ipairs({ old, young }) do
    for waiter in string.gmatch(redis.call("HGET", half, id) or "", "%S+") do
      if waiter ~= node and not told[waiter] then
        told[waiter] = true
        tell(waiter, "arrived " .. seq .. " " .. node .. " " .. id, most_notices)
      end
    end
    redis.call("HDEL", half, id)
  end
end

-- Drops the notices up to number `seen`; returns the number of the last one, and those that are left.
local function notices_after(seen)
  local ctl = prefix .. "ctl:" .. node
  local told = tonumber(redis.call("HGET", me, "told"))
  local left = math.max(0, told - tonumber(seen))
  if left < redis.call("LLEN", ctl) then
    if left == 0 then redis.call("DEL", ctl) else redis.call("LTRIM", ctl, -left, -1) end
  end
  return told, redis.call("LRANGE", ctl, 0, -1)
end

-- The node that is dead for longest; nil if none is.
local function longest_dead()
  return redis.call("ZRANGEBYSCORE", nodes, "-inf", text(now), "LIMIT", 0, 1)[1]
end

-- Takes the oldest claims of a dead node away, and the node with the last of them; returns how many those were, and
-- whether the node is gone.
local function reap_batch(dead, batch_max)
  local ids = prefix .. "ids:" .. dead
  local oldest = redis.call("ZRANGE", ids, 0, batch_max - 1)
  for _, id in ipairs(oldest) do
    redis.call("HDEL", claims, id)
    redis.call("ZREM", ids, id)
  end
  if redis.call("EXISTS", ids) == 1 then return #oldest, false end
  redis.call("ZREM", nodes, dead)
  redis.call("DEL", prefix .. "n:" .. dead, prefix .. "ctl:" .. dead)
  return #oldest, true
end

-- Mail for absent ids is in two halves: `young` becomes `old` after the time that mail may wait, and `old` is dropped.
local function turn_mail()
  local times = redis.call("HMGET", gen, "turned", "mail")
  if now - tonumber(times[1] or 0) < tonumber(times[2] or 0) then return end
  redis.call("UNLINK", old)
  if redis.call("EXISTS", young) == 1 then redis.call("RENAME", young, old) end
  redis.call("HSET", gen, "turned", text(now))
end
