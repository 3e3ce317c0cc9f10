-- SPDX-License-Identifier: Apache-2.0
-- tools.shell: a model runs commands of the system's shell. At the prompt each command is shown and
-- asked for first; a script has decided by putting the tool in (approve= changes both). With
-- allow={"ls", "git status"} only simple commands that begin with one of these words run: no pipe,
-- no list, no substitution, no redirection. A command runs in a process group that is killed as a
-- whole at its end, on time-out and on Ctrl-C.

local options = require "moonlet.options"
local session = require "moonlet.session"
local tasks = require "moonlet.tasks"
local tool = require "moonlet.tools"

local tools = {}

---@class ShellToolOptions
---@field allow? string[] the first words that a command may have (default any command)
---@field timeout? number seconds until a command is killed (default 10)
---@field cwd? string the folder commands run in (default this one)
---@field max_bytes? integer kept of output and errors each (default 8192)
---@field approve? function|boolean approve(call), or true: never ask (default asks at the prompt)
local OPTIONS = options.rows {
    "allow table", "timeout number 10", "cwd string", "max_bytes integer 8192",
    "approve function|boolean",
}

-- Nil, or why the command is not one of the allowed ones.
local function refusal(command, allow)
    if not allow then return nil end
    local bare = command:gsub("'[^']*'", "") -- nothing is special between single quotes
    local mark = bare:match("[;|&$`<>(){}\n\r\\'!*?%[#~]")
    if mark then
        return ("only simple commands may run: %q is not allowed here"):format(mark)
    end
    local words = command:gsub("%s+", " "):gsub("^ ", "") .. " "
    for _, known in ipairs(allow) do
        if words:sub(1, #known + 1) == known .. " " then return nil end
    end
    return "this command is not allowed; allowed: " .. table.concat(allow, ", ")
end

-- Asks the person at the prompt; any text but y is the reason that the model is given.
local function ask(call)
    if not session.interactive then return true end
    session.write(("run `%s`? [y/N, or why not] "):format(call.arguments.command))
    local answer = io.read("*l")
    if not answer or answer:match("^%s*$") or answer:lower():match("^%s*no?%s*$") then
        return false
    end
    return answer:lower():match("^%s*y[es]*%s*$") and true or answer
end

local function text_of(kept, bytes)
    if bytes <= #kept then return kept end
    return ("%s\n[cut: the first %d of %d bytes]"):format(kept, #kept, bytes)
end

--- A tool that runs shell commands and gives their exit code, output and errors.
---@param opts? ShellToolOptions
---@return Tool
--- Example: tools.shell{allow={"echo"}}{command = "echo moonlet"}.stdout
function tools.shell(opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "tools.shell")
    local timeout = opts.timeout or 10
    local approve = opts.approve
    if approve == nil then approve = ask end
    return tool.new { name = "shell",
        description = "Runs a command of the system's shell (sh) and gives its exit code, output "
            .. "and errors." .. (opts.allow and " Allowed commands: "
            .. table.concat(opts.allow, ", ") .. "; no pipes or lists." or ""),
        parameters = { command = { type = "string", description = "for example: ls -l" } },
        approve = approve, timeout = timeout + 5,
        run = function(args)
            local refused = refusal(args.command, opts.allow)
            if refused then error(refused, 0) end
            if args.command:find("\0", 1, true) then error("a zero byte in the command", 0) end
            local done = tasks.await(require("moonlet").tools.process(
                { "/bin/sh", "-c", args.command }, { timeout = timeout, cwd = opts.cwd,
                max_bytes = opts.max_bytes or 8192 }))
            return { code = done.code, stdout = text_of(done.stdout, done.stdout_bytes),
                stderr = text_of(done.stderr, done.stderr_bytes),
                timed_out = done.timed_out or nil, interrupted = done.cancelled or nil }
        end }
end

return tools
