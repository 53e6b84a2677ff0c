-- open OP ID OWNER MAY_REPLACE LIMIT NOTICES_MAX
--
-- Claims an id with a seq above every other: if it is free, if its holder is dead, or, with MAY_REPLACE 1, if its claim
-- has the same owner.
-- While the directory is in grace, only the same owner gets what no holder alive has. A holder that is alive is told
-- that it was evicted, and nodes at which mail waits are told that it arrived. A write that came before, or that came
-- after a later one, claims nothing: it learns the seq that it was given, if that claim still stands. What somebody
-- deleted of the directory's own keys counts as 0.
local op, id, owner, may_replace = ARGV[4], ARGV[5], ARGV[6], ARGV[7] == "1"
local limit, most_notices = tonumber(ARGV[8]), tonumber(ARGV[9])
local refused = refusal()
if refused then return refused end

local claim = claim_of(id)
if tonumber(op) <= tonumber(redis.call("HGET", me, "op")) then
  if claim and claim.node == node and claim.op == op then return { "opened", tonumber(claim.seq) } end
  return { "past" }
end
local is_own = claim ~= nil and claim.owner == owner
if claim and not (is_own and may_replace) and is_alive(claim.node) then return { "taken" } end
if not is_own then
  local ms = tonumber(redis.call("HGET", gen, "grace") or 0) - now
  if ms > 0 then return { "wait", ms } end
end
if not claim and limit > 0 and redis.call("HLEN", claims) >= limit then return { "full" } end
-- Above every seq that a failover or an older snapshot made the directory forget, as long as the clock did not run back.
local seq = math.max(tonumber(redis.call("GET", fence) or 0) + 1, now * 1000)
redis.call("SET", fence, text(seq))
count_op(op)
put_claim(id, claim, text(seq), op, owner, most_notices)
return { "opened", seq }
