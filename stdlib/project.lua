-- SPDX-License-Identifier: Apache-2.0
-- `moonlet init`: what editors and checkers want to know of a folder with moonlet scripts, written
-- into the current folder: LuaLS stubs and settings, a luacheck std, StyLua settings. A file that
-- is there already stays, and it says so, unless it is forced.

local project = {}

local function quoted(list, mark)
    local out = {}
    for i, name in ipairs(list) do out[i] = mark .. name .. mark end
    return table.concat(out, ", ")
end

--- The globals that moonlet adds, sorted.
function project.globals()
    local names = { "moonlet" }
    for name in pairs(require "moonlet") do
        if name:match "^%l" then names[#names + 1] = name end
    end
    table.sort(names)
    return names
end

local STYLUA = [[
# How StyLua formats scripts here.
syntax = "LuaJIT"
column_width = 100
indent_type = "Spaces"
indent_width = 4
quote_style = "AutoPreferDouble"
call_parentheses = "Input"
]]

--- The files: {name, text} in the order they are written.
function project.files()
    local names = project.globals()
    local stubs = require("moonlet.stubs").text(require("moonlet.registry").rows)
    return {
        { ".luarc.json", ([[
{
    "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
    "runtime.version": "LuaJIT",
    "workspace.library": [".moonlet"],
    "workspace.checkThirdParty": false,
    "diagnostics.globals": [%s]
}
]]):format(quoted(names, '"')) },
        { ".moonlet/moonlet.d.lua", stubs },
        { ".luacheckrc", ([[
-- luacheck's view of moonlet: LuaJIT, 5.2's additions, and the globals of the shell.
stds.moonlet = { read_globals = { %s } }
std = "luajit+moonlet"
max_line_length = false
exclude_files = { ".moonlet" }
]]):format(quoted(names, '"')) },
        { ".stylua.toml", STYLUA },
    }
end

local function read(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read("*a")
    file:close()
    return text
end

--- Writes the files into the current folder and says of each what became of it. force: over what
--- is there. false when something could not be written.
function project.init(force)
    local good, kept = true, 0
    for _, entry in ipairs(project.files()) do
        local path, text = entry[1], entry[2]
        local before = read(path)
        if before == text then
            print("as it should be  " .. path)
        elseif before and not force then
            kept = kept + 1
            print("kept as it is    " .. path)
        else
            if path:find "/" then os.execute("mkdir -p " .. path:match("^(.*)/")) end
            local file, problem = io.open(path, "wb")
            local written = file and file:write(text)
            if file and not file:close() then written = nil end
            if written then
                print((before and "written over     " or "written          ") .. path)
            else
                good = false
                io.stderr:write("moonlet: cannot write " .. tostring(problem or path) .. "\n")
            end
        end
    end
    if kept > 0 then print("moonlet init --force writes over what is there") end
    return good
end

return project
