-- SPDX-License-Identifier: Apache-2.0
-- require "moonlet": the module tables (models, tokenizers, trainers, …) before anything is loaded.
-- Each public function is at first a small one that opens the library it comes from and calls the
-- real one, which has taken its place by then. names.lua (made by the build) says which library:
-- "base" and "engine" are native modules, "stdlib:x" is x.lua here. Nothing is loaded until called.

local names = require "moonlet.names"

local moonlet = { _VERSION = "0.1" }
package.loaded["moonlet"] = moonlet

local opened = {}

local function place(owner, name)
    if owner == "moonlet" then return moonlet end
    moonlet[owner] = moonlet[owner] or {}
    return moonlet[owner], name
end

local function install(functions)
    for full, f in pairs(functions) do
        local owner, name = full:match("^([%w_]+)%.([%w_]+)$")
        -- left out: _x.y, for the stdlib alone, and what a function of the stdlib stands before
        local own = full:sub(1, 1) == "_" or (names[full] or ""):match("^stdlib:")
        if not own then place(owner)[name] = f end
    end
end

local function open(library)
    if opened[library] then return end
    opened[library] = true
    if library == "base" then
        install(require("moonlet_base").functions)
        require "moonlet.dataset"
        require "moonlet.pieces"
        require "moonlet.review"
    elseif library == "engine" then
        open "base"
        install(require("moonlet_engine").functions)
        require "moonlet.model"
        require "moonlet.trainer"
    end
end

-- A native function, its library opened first: for the Lua function that stands before it.
function moonlet._native(library, name)
    open(library)
    return require("moonlet_" .. library).functions[name]
end

local function open_named(library, owner, name)
    local file = library:match("^stdlib:(.+)$")
    if file then
        place(owner)[name] = require("moonlet." .. file)[name]
    else
        open(library)
    end
end

for full, library in pairs(names) do
    local owner, name = full:match("^([%w_]+)%.([%w_]+)$")
    if not owner then owner, name = "moonlet", full end
    local table_ = place(owner)
    local function stub(...)
        open_named(library, owner, name)
        if table_[name] == stub then
            error(("%s: the library '%s' did not bring it"):format(full, library), 2)
        end
        return table_[name](...)
    end
    table_[name] = stub
end

-- json.null must be there before anything is called: pass it on, compare with it.
if moonlet.json then moonlet.json.null = require("moonlet.null") end

return moonlet
