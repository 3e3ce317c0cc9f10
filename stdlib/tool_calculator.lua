-- SPDX-License-Identifier: Apache-2.0
-- tools.calculator: arithmetic as a tool. What it computes is calculator.lua's.

local calculator = require "moonlet.calculator"
local tool = require "moonlet.tools"

local tools = {}

--- A tool that computes an arithmetic expression, exactly where that is possible.
---@return Tool
--- Example: tools.calculator(){expression = "2^100 + 0.1"}
function tools.calculator()
    return tool.new { name = "calculator",
        description = "Computes an arithmetic expression exactly. Operators + - * / % ^ ! and "
            .. "parentheses; functions sqrt cbrt abs floor ceil round(x, decimals) min max gcd exp "
            .. "ln log10 log2 log(x, base) sin cos tan asin acos atan (radians) degrees radians; "
            .. "pi, e.",
        parameters = { expression = { type = "string",
            description = "for example (3 + 4) * 1.5 or sqrt(2) / 3" } },
        run = function(args) return calculator(args.expression) end }
end

return tools
