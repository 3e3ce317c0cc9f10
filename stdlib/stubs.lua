-- SPDX-License-Identifier: Apache-2.0
-- The registry's rows as LuaLS stubs: a file of annotated empty functions that editors read, every
-- line of it valid Lua. The build and `moonlet init` write it. It knows the rows and nothing else.

local stubs = {}

local function comment(text)
    return "---" .. text:gsub("%s+", " ") .. "\n"
end

local function class_of_options(row)
    return (row.name:gsub("[%.:]", "_")) .. "_options"
end

local function options_class(row)
    local out = { "---@class " .. class_of_options(row) .. "\n" }
    for _, o in ipairs(row.options) do
        local default = o.default ~= "" and " (default " .. o.default .. ")" or ""
        out[#out + 1] = comment(("@field %s? %s %s%s"):format(o.name, o.type, o.doc, default))
    end
    return table.concat(out)
end

local function parameters(row, out)
    local names = {}
    for i, p in ipairs(row.params) do
        local kind = p.type
        if row.options and #row.options > 0 and i == #row.params then
            kind = class_of_options(row)
        end
        names[i] = p.name
        out[#out + 1] = comment(("@param %s%s %s %s"):format(p.name, p.optional and "?" or "", kind,
            p.doc or ""))
    end
    return table.concat(names, ", ")
end

-- A function or method; what Lua's operators do stands as a comment.
local function one(row, owner, separator, name)
    local out = { "\n", comment(row.doc) }
    if owner and name:sub(1, 2) == "__" then
        return ("\n---%s: %s\n"):format(row.name, (row.doc:gsub("%s+", " ")))
    end
    if owner and separator == "." and owner:match("^%u") then
        return ("\n%s---@type %s\n%s.%s = nil\n"):format(comment(row.doc),
            row.result ~= "" and row.result or "any", owner, name)
    end
    if row.options and #row.options > 0 then
        table.insert(out, 1, "\n" .. options_class(row))
    end
    if row.example ~= "" then out[#out + 1] = comment(" Example: `" .. row.example .. "`") end
    local names = parameters(row, out)
    if row.result ~= "" then out[#out + 1] = comment("@return " .. row.result) end
    out[#out + 1] = ("function %s(%s) end\n"):format(row.name, names)
    return table.concat(out)
end

--- The text of the file for these rows {name=, params=, result=, doc=, example=, options=}.
function stubs.text(rows)
    local out = { "---@meta\n-- Generated: the public functions of moonlet, for LuaLS.\n" }
    local seen = {}
    for _, row in ipairs(rows) do
        local owner, separator, name = row.name:match("^([%w_]+)([%.:])([%w_]+)$")
        if owner and not seen[owner] then
            seen[owner] = true
            -- A class is no global: its methods hang on a local.
            local variable = owner:match("^%u") and "local " or ""
            out[#out + 1] = ("\n---@class %s\n%s%s = {}\n"):format(owner, variable, owner)
        end
        out[#out + 1] = one(row, owner, separator, name)
    end
    return table.concat(out)
end

return stubs
