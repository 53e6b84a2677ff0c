-- close OP BATCH_MAX (ID SEQ)...
--
-- Gives up each claim that the node holds with exactly that seq. A newer claim of the id, of whatever node, stays.
local op, batch_max = ARGV[4], tonumber(ARGV[5])
local refused = refusal()
if refused then return refused end

local length = (#ARGV - 5) / 2
if length > batch_max then return { "refused", "batch", length } end
local count = 0
for i = 6, #ARGV, 2 do
  local id, claim = ARGV[i], claim_of(ARGV[i])
  if claim and claim.node == node and claim.seq == ARGV[i + 1] then
    drop_claim(id, claim)
    count = count + 1
  end
end
count_op(op)
return { "closed", count }
