-- SPDX-License-Identifier: Apache-2.0
-- A result once more, whole, or as CSV or JSON: what `:last` and the prompt's last() give. Values
-- go out in pieces, so that a dataset of millions of rows is never one string. Whoever shows them
-- (the shell's pager, a file) takes the pieces; this knows no terminal.

local class = require "moonlet.class"
local null = require "moonlet.null"
local session = require "moonlet.session"

local last = {}

local function class_of(value)
    local meta = debug.getmetatable(value)
    return type(value) ~= "string" and type(meta) == "table" and rawget(meta, "__name") or nil
end

-- The value as plain data: what its :table() gives where it has one.
local function plain(value)
    local kind = type(value)
    if kind ~= "table" and kind ~= "userdata" then return value end
    if value == null or class_of(value) == "Dataset" then return value end
    if kind == "table" and debug.getmetatable(value) == nil then return value end
    local ok, converted = pcall(function() return value:table() end)
    if ok then return converted end
    if kind == "table" and not getmetatable(value).__tostring then return value end
    return tostring(value)
end

-- ---- CSV

local function sorted_keys(row)
    local keys = {}
    for key in pairs(row) do keys[#keys + 1] = key end
    table.sort(keys, function(a, b)
        if type(a) == type(b) and type(a) ~= "boolean" then return a < b end
        return tostring(a) < tostring(b)
    end)
    return keys
end

local function cell(value)
    if value == nil or value == null then return "" end
    value = plain(value)
    if type(value) == "table" then value = require("moonlet").json.encode(value) end
    if type(value) == "number" then value = ("%.17g"):format(value) == ("%.14g"):format(value)
        and ("%.14g"):format(value) or tostring(value) end
    value = tostring(value)
    if value:find '[",\r\n]' then value = '"' .. value:gsub('"', '""') .. '"' end
    return value
end

local function line(cells, n)
    local parts = {}
    for i = 1, n do parts[i] = cell(cells[i]) end
    return table.concat(parts, ",") .. "\n"
end

-- Columns of a list of rows, in order of appearance; nil when it is no list of tables.
local function columns_of(list)
    local names, seen, positions = {}, {}, 0
    for _, row in ipairs(list) do
        if type(row) ~= "table" then return nil end
        positions = math.max(positions, #row)
        for _, key in ipairs(sorted_keys(row)) do
            if type(key) == "string" and not seen[key] then
                seen[key] = true
                names[#names + 1] = key
            end
        end
    end
    if #names == 0 then for i = 1, positions do names[i] = i end end
    return names
end

local function csv_rows(names, iterate)
    local begun = false
    return function()
        if not begun then
            begun = true
            return line(names, #names)
        end
        local row = iterate()
        if row == nil then return nil end
        local cells = {}
        for i, name in ipairs(names) do cells[i] = row[name] end
        return line(cells, #names)
    end
end

local function each(list)
    local i = 0
    return function()
        i = i + 1
        return list[i]
    end
end

local function leaves(value) -- nested lists of more than two dimensions: one row for each last one
    if type(value[1]) ~= "table" or type(value[1][1]) ~= "table" then return value end
    local rows = {}
    for _, part in ipairs(value) do
        for _, row in ipairs(leaves(part)) do rows[#rows + 1] = row end
    end
    return rows
end

--- Pieces of the value as CSV with a line of names.
function last.csv_pieces(value)
    if class_of(value) == "Dataset" then
        local names, go = {}, value:iter()
        for i, column in ipairs(value.columns) do names[i] = column.name end
        return csv_rows(names, function()
            local _, row = go()
            return row
        end)
    end
    local tensor = class_of(value) == "Tensor"
    value = plain(value)
    if tensor then value = leaves(value) end
    if type(value) ~= "table" then return csv_rows({ "value" }, each { { value = value } }) end
    local list = {}
    for i, item in ipairs(value) do list[i] = plain(item) end
    local names = #list > 0 and next(value, #value) == nil and columns_of(list)
    if names then return csv_rows(names, each(list)) end
    local rows, keys = {}, {}
    if #list > 0 and next(value, #value) == nil then
        for i, item in ipairs(list) do rows[i] = { value = item } end
        return csv_rows({ "value" }, each(rows))
    end
    for i, key in ipairs(sorted_keys(value)) do
        keys[i] = key
        rows[i] = { key = key, value = value[key] }
    end
    return csv_rows({ "key", "value" }, each(rows))
end

-- ---- JSON

local function bare(value, seen)
    value = plain(value)
    if type(value) == "function" or type(value) == "thread" then return tostring(value) end
    if type(value) ~= "table" or value == null then return value end
    if seen[value] then error("json: this table holds itself", 0) end
    seen[value] = true
    local copy = {}
    for k, v in pairs(value) do copy[k] = bare(v, seen) end
    seen[value] = nil
    return copy
end

--- Pieces of the value as JSON; rows of a dataset each on its line.
function last.json_pieces(value)
    local encode = require("moonlet").json.encode
    if class_of(value) ~= "Dataset" then
        return each { encode(bare(value, {})) .. "\n" }
    end
    local go, state = value:iter(), 0
    return function()
        if state == 2 then return nil end
        local _, row = go()
        local first = state == 0
        if row == nil then
            state = 2
            return first and "[]\n" or "\n]\n"
        end
        state = 1
        return (first and "[\n" or ",\n") .. encode(row)
    end
end

-- ---- whole

--- Pieces of the value as it prints, nothing left out; nil: it is plain, the shell prints it.
function last.whole_pieces(value)
    if type(value) == "string" then return each { value } end
    if class_of(value) == "Dataset" then return require("moonlet.dataset").whole(value) end
    local meta = debug.getmetatable(value)
    if type(meta) ~= "table" or not rawget(meta, "__tostring") then return nil end
    session.whole = true
    local ok, text = pcall(tostring, value)
    session.whole = false
    if not ok then return nil end
    return each { text }
end

local FORMS = { csv = last.csv_pieces, json = last.json_pieces }

--- Writes the value's csv or json into a file, which appears whole or not at all; returns bytes.
function last.write(value, form, path)
    local temporary = path .. ".tmp"
    local file, why = io.open(temporary, "wb")
    if not file then error("cannot write " .. path .. ": " .. tostring(why), 0) end
    local bytes = 0
    local ok, problem = pcall(function()
        for piece in FORMS[form](value) do
            bytes = bytes + #piece
            if not file:write(piece) then error("the disk may be full", 0) end
        end
    end)
    ok = file:close() and ok
    if ok then ok, problem = os.rename(temporary, path) end
    if not ok then
        os.remove(temporary)
        error("cannot write " .. path .. ": " .. tostring(problem), 0)
    end
    return bytes
end

-- ---- the object that last() returns

local meta, Last = class("Last")

local function text_or_file(self, form, path)
    if path then return last.write(self.value, form, path) end
    local parts = {}
    for piece in FORMS[form](self.value) do parts[#parts + 1] = piece end
    return table.concat(parts)
end

--- The result as CSV: the text, or with a path a file, whose bytes are returned.
function Last:csv(path) return text_or_file(self, "csv", path) end

--- The result as JSON: the text, or with a path a file, whose bytes are returned.
function Last:json(path) return text_or_file(self, "json", path) end

function meta.__tostring(self) return tostring(self.value) end

--- What the prompt's last() returns of the value.
function last.last(value) return setmetatable({ value = value }, meta) end

return last
