-- SPDX-License-Identifier: Apache-2.0
-- `moonlet man`: the manual page as roff, made of the text of --help, the :commands and the rows:
--     moonlet man | man -l -
-- It writes down nothing that stands elsewhere but a few paragraphs.

local completions = require "moonlet.completions"

local manpage = {}

-- Bytes beyond ASCII as \[uXXXX]: not every formatter is told which encoding it reads.
local function roff(text)
    text = text:gsub("\\", "\\e"):gsub("%-", "\\-")
    text = text:gsub("[\194-\244][\128-\191]+", function(char)
        local code = char:byte() % (#char == 2 and 32 or #char == 3 and 16 or 8)
        for i = 2, #char do code = code * 64 + char:byte(i) % 64 end
        return ("\\[u%04X]"):format(code)
    end)
    return (text:gsub("^([%.'])", "\\&%1"):gsub("\n([%.'])", "\n\\&%1"))
end

local function item(head, argument, doc)
    local out = ".TP\n.B " .. roff(head) .. "\n"
    if argument ~= "" then
        out = (".TP\n\\fB%s\\fR \\fI%s\\fR\n"):format(roff(head), roff(argument))
    end
    return out .. (doc ~= "" and roff(doc) .. "\n" or "\\&\n")
end

local ENVIRONMENT = {
    { "LUA_INIT", "a chunk, or @file, that is run first; not with -E" },
    { "LUA_PATH, LUA_CPATH", "where require looks; not with -E" },
    { "MOONLET_HOME", "where names like demo and minilm are found" },
    { "XDG_STATE_HOME, XDG_CONFIG_HOME", "the folders of history and start file" },
    { "NO_COLOR, TERM=dumb", "no colours" },
    { "EDITOR", "what :edit opens" },
}

local function signature(row)
    local names = {}
    for i, p in ipairs(row.params) do names[i] = p.name .. (p.optional and "?" or "") end
    return row.name .. "(" .. table.concat(names, ", ") .. ")"
end

--- commands: lines "name TAB arguments TAB help".
function manpage.text(version, usage, commands)
    local out = {
        '.TH MOONLET 1 "" "moonlet ' .. version .. '" "User Commands"\n',
        ".SH NAME\nmoonlet \\- interactive shell and scripting for language models in Lua\n",
        ".SH SYNOPSIS\n.B moonlet\n[options] [script [args]]\n.br\n",
        ".B moonlet init\n[\\-\\-force]\n.br\n.B moonlet completions\nbash|zsh|fish\n.br\n",
        ".B moonlet man\n",
        ".SH DESCRIPTION\nWithout a script moonlet is a prompt on a terminal, and runs standard ",
        "input otherwise. Language models, datasets, tools, retrievers and trainers are Lua ",
        "objects over an engine that is loaded when it is first used.\n",
        ".SH OPTIONS\n",
    }
    for _, o in ipairs(completions.options(usage)) do
        out[#out + 1] = item(o.flag, o.argument, o.doc)
    end
    out[#out + 1] = ".SH COMMANDS OF THE PROMPT\n"
    for name, arguments, help in commands:gmatch("([^\t\n]*)\t([^\t\n]*)\t([^\n]*)") do
        out[#out + 1] = item(":" .. name, arguments, help)
    end
    out[#out + 1] = item("?name", "", "help for a function, a value or a word")
    out[#out + 1] = ".SH FUNCTIONS\n"
    for _, row in ipairs(require("moonlet.registry").rows) do
        if row.name:match("^%l") then out[#out + 1] = item(signature(row), "", row.doc) end
    end
    out[#out + 1] = ".SH ENVIRONMENT\n"
    for _, entry in ipairs(ENVIRONMENT) do out[#out + 1] = item(entry[1], "", entry[2]) end
    out[#out + 1] = ".SH FILES\n" ..
        item("~/.local/state/moonlet/history", "", "what was typed, shared by all shells") ..
        item("~/.config/moonlet/init.lua", "", "the start file, run at the prompt")
    out[#out + 1] = ".SH EXIT STATUS\n0, 1 after an error, 2 for a wrong command line, 130 " ..
        "after Ctrl\\-C in a script.\n"
    return table.concat(out)
end

return manpage
