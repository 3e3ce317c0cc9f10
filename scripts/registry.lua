-- SPDX-License-Identifier: Apache-2.0
-- Collects one row per public function from the native modules (their own rows) and from the LuaLS
-- comments of the stdlib, and writes
--   registry.lua   all rows: what `?name`, completion and option hints read
--   names.lua      public name -> library that brings it: what the lazy module tables read
--   moonlet.d.lua  LuaLS stubs, for editors
-- usage: luajit registry.lua BUILD OUT base|engine… FILE.lua…
local build, out = arg[1], arg[2]
package.cpath = build .. "/?.so;" .. package.cpath

local rows = {}

-- ---- native rows
local files = {}
for i = 3, #arg do
    if arg[i]:match("%.lua$") then
        files[#files + 1] = arg[i]
    elseif arg[i] ~= "" then
        for _, row in ipairs(require("moonlet_" .. arg[i]).rows) do
            row.library = arg[i]
            if row.name:sub(1, 1) ~= "_" then rows[#rows + 1] = row end -- _x.y: the stdlib's own
        end
    end
end

-- ---- LuaLS comments: a block of `---` lines right above `function owner.name(` or `owner:name(`
local function split_type(text)
    -- the type ends at the first blank outside brackets, quotes and parentheses
    local depth, i = 0, 1
    while i <= #text do
        local c = text:sub(i, i)
        if c:match("[%({%[<]") then depth = depth + 1 end
        if c:match("[%)}%]>]") then depth = depth - 1 end
        if c == " " and depth <= 0 and text:sub(1, i - 1):sub(-1) ~= ":" then break end
        i = i + 1
    end
    return text:sub(1, i - 1), (text:sub(i + 1):gsub("^%s+", ""))
end

local function parse_field(text)
    local name, mark, rest = text:match("^([%w_]+)(%??)%s+(.*)$")
    if not name then return nil end
    local kind, doc = split_type(rest)
    local default = doc:match("%(default:?%s+([^%)]+)%)") or ""
    return { name = name, type = kind, optional = mark == "?", doc = doc, default = default }
end

local option_tables = {}

local function parse_block(block, owner, separator, name, library)
    local row = { name = owner .. separator .. name, params = {}, doc = "", example = "",
        result = "",
                  library = library }
    local options_of = nil
    for _, line in ipairs(block) do
        local tag, rest = line:match("^@(%w+)%s*(.*)$")
        if tag == "param" then
            local p = parse_field(rest)
            assert(p, "cannot read @param in " .. row.name .. ": " .. line)
            row.params[#row.params + 1] = { name = p.name, type = p.type, optional = p.optional,
                doc = p.doc }
            if p.type:match("Options$") then options_of = p.type end
        elseif tag == "return" then
            row.result = row.result == "" and rest or (row.result .. ", " .. rest)
        elseif not tag then
            local example = line:match("^%s*Example:%s*(.*)$")
            if example then row.example = (example:gsub("^`", ""):gsub("`$", ""))
            elseif line ~= "" then row.doc = row.doc == "" and line or (row.doc .. " " .. line) end
        end
    end
    row.options = options_of and option_tables[options_of] or nil
    rows[#rows + 1] = row
end

local modules = {}
for name in ([[models datasets tools retrievers trainers tokenizers agents graphs evals traces
        prompts plots json moonlet]])
    :gmatch("%S+") do modules[name] = true end

local function parse_file(path)
    local library = "stdlib:" .. path:match("([^/]+)%.lua$")
    local block, class, alias = {}, nil, {}
    for line in io.lines(path) do
        local variable, class_of =
            line:match('^local%s+[%w_]+,%s*([%w_]+)%s*=%s*class%("([%w_]+)"%)')
        if variable then alias[variable] = class_of end
        local comment = line:match("^%s*%-%-%-%s?(.*)$")
        if comment then
            local class_name = comment:match("^@class%s+([%w_]+)")
            if class_name then
                class = class_name:match("Options$") and class_name or nil
                if class then option_tables[class] = option_tables[class] or {} end
            elseif class and comment:match("^@field") then
                local f = parse_field(comment:match("^@field%s+(.*)$"))
                assert(f, path .. ": cannot read " .. comment)
                local doc = f.doc:gsub("%s*%(default:?%s+[^%)]+%)", "")
                table.insert(option_tables[class],
                    { name = f.name, type = f.type, default = f.default, doc = doc })
            end
            block[#block + 1] = comment
        else
            local owner, separator, name = line:match("^%s*function%s+([%w_]+)([%.:])([%w_]+)%s*%(")
            owner = alias[owner] or owner
            if owner and #block > 0 and (modules[owner] or owner:match("^[A-Z]")) then
                -- moonlet.compare is the global `compare`
                if owner == "moonlet" then owner, separator = "", "" end
                parse_block(block, owner, separator, name, library)
            end
            block, class = {}, nil
        end
    end
end
for _, path in ipairs(files) do parse_file(path) end
table.sort(rows, function(a, b) return a.name < b.name end)

-- A Lua function may stand before a native one of the same name (models.load): its doc and
-- parameters count, and the options of both.
for i = #rows, 2, -1 do
    local a, b = rows[i - 1], rows[i]
    if a.name == b.name and a.library:match("^stdlib") ~= b.library:match("^stdlib") then
        local lua, native = a, b
        if b.library:match("^stdlib") then lua, native = b, a end
        local all = {}
        for _, list in ipairs { native.options or {}, lua.options or {} } do
            for _, option in ipairs(list) do all[#all + 1] = option end
        end
        lua.options = all
        rows[i - 1] = lua
        table.remove(rows, i)
    end
end
for i = 2, #rows do
    assert(rows[i].name ~= rows[i - 1].name, "two rows named " .. rows[i].name)
end

-- ---- writing
local function literal(v)
    if type(v) == "string" then return ("%q"):format(v):gsub("\\\n", "\\n") end
    if type(v) ~= "table" then return tostring(v) end
    local parts = {}
    for _, item in ipairs(v) do parts[#parts + 1] = literal(item) end
    local keys = {}
    for k in pairs(v) do if type(k) == "string" then keys[#keys + 1] = k end end
    table.sort(keys)
    for _, k in ipairs(keys) do parts[#parts + 1] = k .. "=" .. literal(v[k]) end
    return "{" .. table.concat(parts, ",") .. "}"
end

local function write(name, text)
    local f = assert(io.open(out .. "/" .. name, "wb"))
    f:write(text)
    f:close()
end
os.execute("mkdir -p '" .. out .. "'")

local lines = {}
for _, row in ipairs(rows) do lines[#lines + 1] = literal(row) .. ",\n" end
local head = "-- Generated by scripts/registry.lua.\n"
write("registry.lua", head .. "return {rows={\n" .. table.concat(lines) .. "}}\n")

lines = {}
for _, row in ipairs(rows) do
    if not row.name:find(":", 1, true) and not row.name:match("^%u") then
        lines[#lines + 1] = ("[%q]=%q,\n"):format(row.name, row.library)
    end
end
write("names.lua", head .. "return {\n" .. table.concat(lines) .. "}\n")

local stubs = dofile((arg[0]:gsub("[^/]*$", "")) .. "../stdlib/stubs.lua")
write("moonlet.d.lua", stubs.text(rows))
