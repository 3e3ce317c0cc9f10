-- SPDX-License-Identifier: Apache-2.0
-- tools.lua: a model runs Lua of its own, apart from everything: a fresh state without files,
-- system, loading of code or FFI, with limits on memory, instructions, time and output (the native
-- module's sandbox). Nothing of one call is left for the next.

local options = require "moonlet.options"
local tool = require "moonlet.tools"

local tools = {}

---@class LuaToolOptions
---@field instructions? integer of the virtual machine until it is stopped (default 10000000)
---@field memory? integer bytes it may hold (default 16777216)
---@field timeout? number seconds (default 5)
---@field max_output? integer bytes kept of what it prints (default 16384)
---@field globals? table plain data that the code finds as globals (default none)
---@field approve? function|boolean approve(call): true, false or why not (default none)
local OPTIONS = options.rows {
    "instructions integer 10000000", "memory integer 16777216", "timeout number 5",
    "max_output integer 16384", "globals table", "approve function|boolean",
}

--- A tool that runs Lua code in a sandbox and gives what it printed and returned.
---@param opts? LuaToolOptions
---@return Tool
--- Example: tools.lua(){code = "local s = 0; for i = 1, 10 do s = s + i end; return s"}.result
function tools.lua(opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "tools.lua")
    local limits = { instructions = opts.instructions, memory = opts.memory,
        timeout = opts.timeout, max_output = opts.max_output, globals = opts.globals }
    return tool.new { name = "lua",
        description = "Runs Lua 5.1 code with string, table, math, bit and coroutine, but no files "
            .. "and no network. Gives what it prints and the value it returns.",
        parameters = { code = { type = "string", description = "an expression or a whole chunk, "
            .. "for example: local s = 0 for i = 1, 10 do s = s + i end return s" } },
        approve = opts.approve, timeout = (opts.timeout or 5) + 5,
        run = function(args)
            local run = require("moonlet_base").functions["_sandbox.run"]
            local done = run(args.code, limits)
            if done.dropped > 0 then
                done.output = done.output .. ("\n[cut: %d more bytes]"):format(done.dropped)
            end
            if done.error then
                error(done.error .. (done.output ~= "" and "\nprinted before:\n" .. done.output
                    or ""), 0)
            end
            return { output = done.output ~= "" and done.output or nil, result = done.result }
        end }
end

return tools
