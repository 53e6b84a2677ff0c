-- route ID WAITING_MAX WAITERS_MAX
--
-- Returns the holder of an id, if it is alive. Otherwise, in the same step, remembers that mail for the id waits at the
-- node: no open comes between. An entry lives at least as long as mail may wait. Instead of a deadline for each, `young`
-- becomes `old` after that time, and what was `old` is dropped.
local id, waiting_max, waiters_max = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local refused = refusal()
if refused then return refused end

local claim = claim_of(id)
if claim and is_alive(claim.node) then return { "held", claim.node, tonumber(claim.seq) } end

local times = redis.call("HMGET", gen, "turned", "mail")
if now - tonumber(times[1]) >= tonumber(times[2]) then
  redis.call("UNLINK", old)
  if redis.call("EXISTS", young) == 1 then redis.call("RENAME", young, old) end
  redis.call("HSET", gen, "turned", text(now))
end

local waiters = redis.call("HGET", young, id)
if not waiters then
  if redis.call("HLEN", young) >= waiting_max then return { "crowded" } end
  redis.call("HSET", young, id, node)
  return { "absent" }
end
local count = 0
for waiter in string.gmatch(waiters, "%S+") do
  if waiter == node then return { "absent" } end
  count = count + 1
end
if count >= waiters_max then return { "crowded" } end
redis.call("HSET", young, id, waiters .. " " .. node)
return { "absent" }
