-- SPDX-License-Identifier: Apache-2.0
-- Options of functions that are written in Lua: the check, from one line per option.
--     local OPTIONS = options.rows{ "deltas integer|table 1", "delay number 0" }
-- name, type (Lua type names and "integer", joined by |), default as one would write it (or none).
-- Native functions check theirs in engine/core/options; messages read alike. It knows no option.

local options = {}

local function distance(a, b)
    local row = {}
    for j = 0, #b do row[j] = j end
    for i = 1, #a do
        local diagonal = row[0]
        row[0] = i
        for j = 1, #b do
            local cost = a:byte(i) == b:byte(j) and 0 or 1
            diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
        end
    end
    return row[#b]
end

--- The legal name nearest to `name`, or nil when none is near.
function options.nearest(name, legal)
    local best, least
    for _, candidate in ipairs(legal) do
        if #name >= 3 and candidate:sub(1, #name) == name then return candidate end
        local d = distance(name, candidate)
        if not least or d < least then best, least = candidate, d end
    end
    if best and least <= math.max(2, math.floor(#name / 3)) then return best end
end

--- Rows from lines "name type default".
function options.rows(lines)
    local rows, names = {}, {}
    for _, line in ipairs(lines) do
        local name, kinds, default = line:match("^(%S+)%s+(%S+)%s*(.-)$")
        rows[name] = { name = name, type = kinds, default = default }
        names[#names + 1] = name
    end
    rows.names = names
    return rows
end

local function fits(value, kinds)
    for kind in kinds:gmatch("[^|]+") do
        if kind == "any" or type(value) == kind then return true end
        if kind == "integer" and type(value) == "number" and value % 1 == 0 then return true end
    end
    return false
end

--- Raises an error for an unknown name or a value of the wrong type; `where` names the function.
--- Array elements are let through.
function options.check(given, rows, where)
    for name, value in pairs(given) do
        if type(name) == "string" then
            local row = rawget(rows, name)
            if not row or name == "names" then
                local near = rows[options.nearest(name, rows.names) or ""]
                local hint = near and ("; did you mean %s (%s%s)?"):format(near.name, near.type,
                    near.default ~= "" and ", default " .. near.default or "")
                error(("%s: unknown option '%s'%s"):format(where, name,
                    hint or "; known: " .. table.concat(rows.names, " ")), 3)
            elseif not fits(value, row.type) then
                error(("%s: option '%s' is a %s; wanted %s%s"):format(where, name, type(value),
                    row.type, row.default ~= "" and " (default " .. row.default .. ")" or ""), 3)
            end
        end
    end
end

return options
