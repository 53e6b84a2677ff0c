-- abandon OP ID
--
-- Takes back the open with number OP, of which the node knows no answer: what it claimed is given up, and if it comes
-- only now, it claims nothing. A claim by another open stays.
local op, id = ARGV[4], ARGV[5]
local refused = refusal()
if refused then return refused end

local claim, count = claim_of(id), 0
if claim and claim.node == node and claim.op == op then
  drop_claim(id, claim)
  count = 1
end
count_op(op)
return { "closed", count }
