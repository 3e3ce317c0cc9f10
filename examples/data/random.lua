-- SPDX-License-Identifier: Apache-2.0
-- A small generator of random choices whose numbers are the same everywhere: the "minimal standard"
-- multiplicative generator of Park and Miller (1988), exact in doubles.
--     local r = dofile "random.lua"(seed);  r:range(1, 6)  r:pick(list)  r:chance(0.5)

local Random = {}
Random.__index = Random

function Random:next()
    self.state = self.state * 16807 % 2147483647
    return self.state / 2147483647
end

function Random:range(low, high) return low + math.floor(self:next() * (high - low + 1)) end
function Random:pick(list) return list[self:range(1, #list)] end
function Random:chance(probability) return self:next() < probability end

return function(seed)
    local r = setmetatable({ state = seed % 2147483646 + 1 }, Random)
    for _ = 1, 10 do r:next() end -- seeds that lie near each other part
    return r
end
