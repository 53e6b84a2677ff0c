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

turn_mail()
local waiters = redis.call("HGET", young, id)
if not waiters and redis.call("HLEN", young) >= waiting_max then return { "crowded" } end
local count = 0
for waiter in string.gmatch(waiters or "", "%S+") do
  if waiter == node then return { "absent" } end
  count = count + 1
end
if count >= waiters_max then return { "crowded" } end
-- A server without memory refuses this, and so it cannot be remembered.
local set = redis.pcall("HSET", young, id, waiters and waiters .. " " .. node or node)
if type(set) == "table" then return { "crowded" } end
return { "absent" }
