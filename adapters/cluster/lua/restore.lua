-- restore OP BATCH_MAX NOTICES_MAX (ID SEQ OWNER)...
--
-- Claims again, with the seq that it had, what the directory lost or holds under the node's former name. A claim with a
-- higher seq stays, and so does one with the same seq whose holder is alive: those are returned as lost, with whether
-- their holder has the same owner. The fence is never below a seq that was restored.
local op, batch_max, most_notices = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local refused = refusal()
if refused then return refused end

local length = (#ARGV - 6) / 3
if length > batch_max then return { "refused", "batch", length } end
count_op(op)
local lost = {}
for i = 7, #ARGV, 3 do
  local id, seq, owner = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local claim = claim_of(id)
  local is_held = claim and claim.node == node and claim.seq == seq
  if not claim or tonumber(claim.seq) < tonumber(seq) or (claim.seq == seq and not is_alive(claim.node)) then
    put_claim(id, claim, seq, "0", owner, most_notices)
    if tonumber(seq) > tonumber(redis.call("GET", fence) or 0) then redis.call("SET", fence, seq) end
  elseif not is_held then
    table.insert(lost, id)
    table.insert(lost, tonumber(seq))
    table.insert(lost, claim.owner == owner and 1 or 0)
  end
end
return { "restored", lost }
