-- pull SEEN
--
-- Returns the notices after number SEEN; those up to it are dropped. An answer that is lost loses no notice.
local refused = refusal()
if refused then return refused end

local last, notices = notices_after(ARGV[4])
return { "pulled", last, notices }
