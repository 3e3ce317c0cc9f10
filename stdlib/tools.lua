-- SPDX-License-Identifier: Apache-2.0
-- Tools: Lua functions that a model may call. tools.new{…} makes one from a name, a description, a
-- table of parameters and the function; the JSON Schema that the model sees comes from the table.
-- A tool is called like a function: weather{city="Seoul"}. Its arguments are checked first, and
-- what is wrong with them is said so that a model can mend it. Who calls tools for a model is
-- agents.lua. A Tool is plain data: it knows no model.
--
-- Parameters: {city={type="string", description="…"}, days={type="integer", default=1}} or, where
-- the order matters, a list {{name="city", type="string"}, …}; a table alone has no order, so its
-- names are sorted. A parameter is required unless it has optional=true (or required=false) or a
-- default, which then stands in for it. city="string" is short for {type="string"}. All other keys
-- are JSON Schema's own (enum, items, minimum, …). A whole JSON Schema (type="object" beside
-- properties) is taken as it is.

local class = require "moonlet.class"
local options = require "moonlet.options"
local tasks = require "moonlet.tasks"

---@class Tool
---@field name string
---@field description string
---@field schema table JSON Schema of the arguments, as the model sees it
---@field run function run(args, context)
---@field timeout number seconds
---@field max_result_bytes integer
---@field approve function|boolean|nil
local meta, Tool = class("Tool")
local tools = {}

---@class ToolOptions
---@field name string what the model calls it: letters, digits, _ and -, at most 64
---@field description? string what it does and when to use it, for the model (default none)
---@field parameters? table name to {type=, description=, optional=, default=, …} (default none)
---@field run function run(args, context): a string is sent as it is, other values as JSON
---@field timeout? number seconds until a call is stopped; math.huge: never (default 30)
---@field max_result_bytes? integer longer results reach the model cut and marked (default 16384)
---@field approve? function|boolean approve(call): true, false or why not (default none)
local OPTIONS = options.rows {
    "name string", "description string", "parameters table", "run function", "timeout number 30",
    "max_result_bytes integer 16384", "approve function|boolean",
}

local function json() return require("moonlet").json end

-- An object with its members in this order, written as pairs {name, value}.
local function ordered(members)
    local parts = {}
    for i, member in ipairs(members) do
        parts[i] = json().encode(member[1]) .. ":" .. json().encode(member[2])
    end
    return json().decode("{" .. table.concat(parts, ",") .. "}")
end

local TYPES = { string = true, number = true, integer = true, boolean = true, object = true,
    array = true, null = true }

-- One row of the parameter table as JSON Schema; required or not.
local function parameter(tool, name, row)
    if type(row) == "string" and TYPES[row] then row = { type = row } end
    if type(row) ~= "table" then
        error(("tools.new: parameter '%s' of %s is %s; wanted a table as {type=\"string\", "
            .. "description=\"…\"}"):format(name, tool, type(row) == "string" and '"' .. row .. '"'
            or "a " .. type(row)), 4)
    end
    local required = row.default == nil and not row.optional and row.required ~= false
    local members, rest = {}, {}
    for _, key in ipairs { "type", "description", "enum", "items", "properties" } do
        if row[key] ~= nil then members[#members + 1] = { key, row[key] } end
        rest[key] = true
    end
    local others = {}
    for key, value in pairs(row) do
        local ours = key == "optional" or key == "name" or key == "required"
            and type(value) == "boolean"
        if not rest[key] and not ours then others[#others + 1] = key end
    end
    table.sort(others, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(others) do
        if type(key) ~= "string" then
            error(("tools.new: parameter '%s' of %s has an entry without a name"):format(name,
                tool), 4)
        end
        members[#members + 1] = { key, row[key] }
    end
    return ordered(members), required
end

-- The JSON Schema of a parameter table, and whether it is ours (then other names are refused).
local function schema_of(tool, parameters)
    if parameters.type == "object" and type(parameters.properties) == "table"
        or parameters["$schema"] then
        return json().decode(json().encode(parameters)), false
    end
    local names, rows = {}, {}
    if #parameters > 0 then
        for i, row in ipairs(parameters) do
            if type(row) ~= "table" or type(row.name) ~= "string" then
                error(("tools.new: parameter %d of %s has no name; wanted {name=\"city\", "
                    .. "type=\"string\"}"):format(i, tool), 3)
            end
            if rows[row.name] then
                error(("tools.new: parameter '%s' of %s stands there twice"):format(row.name,
                    tool), 3)
            end
            names[i], rows[row.name] = row.name, row
        end
    else
        for name, row in pairs(parameters) do
            names[#names + 1], rows[name] = name, row
        end
        table.sort(names)
    end
    local properties, required = {}, json().array {}
    for i, name in ipairs(names) do
        local schema, needed = parameter(tool, name, rows[name])
        properties[i] = { name, schema }
        if needed then required[#required + 1] = name end
    end
    return ordered { { "type", "object" }, { "properties", ordered(properties) },
        { "required", required } }, true
end

--- A tool from a Lua function; the JSON Schema for the model comes from `parameters`.
---@param opts ToolOptions
---@return Tool
--- Example: tools.new{name="f", parameters={x="number"}, run=function(a) return a.x end}{x=1}
function tools.new(opts)
    if type(opts) ~= "table" then
        error("tools.new: given a " .. type(opts) .. "; wanted {name=, description=, parameters=, "
            .. "run=}", 2)
    end
    options.check(opts, OPTIONS, "tools.new")
    local name = opts.name
    if not name or not name:match("^[%w_-]+$") or #name > 64 then
        error(("tools.new: name is %s; wanted 1 to 64 letters, digits, _ or -"):format(
            name and ("%q"):format(name) or "missing"), 2)
    end
    if not opts.run then
        error("tools.new: " .. name .. " has no run; wanted run=function(args) … end", 2)
    end
    local timeout, most = opts.timeout or 30, opts.max_result_bytes or 16384
    if not (timeout > 0) then
        error("tools.new: timeout is " .. tostring(timeout) .. "; wanted seconds above 0", 2)
    end
    if most < 1 then error("tools.new: max_result_bytes is less than 1", 2) end
    local schema, closed = schema_of(name, opts.parameters or {})
    local ok, checker = pcall(json().schema, schema)
    if not ok then
        error("tools.new: parameters of " .. name .. ": " .. tostring(checker), 2)
    end
    return setmetatable({ name = name, description = opts.description or "", schema = schema,
        run = opts.run, timeout = timeout, max_result_bytes = most, approve = opts.approve,
        checker = checker, closed = closed }, meta)
end

-- The arguments with defaults filled in, or nil and what is wrong with them.
local function checked(self, args)
    if args == nil then args = {} end
    if type(args) ~= "table" then
        return nil, "the arguments are a " .. type(args) .. "; wanted an object"
    end
    local null, given, required = json().null, {}, {}
    for _, name in ipairs(self.schema.required or {}) do required[name] = true end
    for name, value in pairs(args) do
        -- null for what may be left out means that it is left out, unless null is a legal value
        local row = value == null and not required[name] and (self.schema.properties or {})[name]
        if not (type(row) == "table" and row.type and row.type ~= "null"
            and type(row.type) == "string") then given[name] = value end
    end
    for name, row in pairs(self.schema.properties or {}) do
        if given[name] == nil and type(row) == "table" and row.default ~= nil then
            given[name] = row.default
        end
    end
    local fine, problems = pcall(self.checker.check, self.checker, given, { closed = self.closed })
    if not fine then return nil, tostring(problems) end
    if #problems > 0 then return nil, table.concat(problems, "; ") end
    return given
end

local function bad_arguments(self, problem)
    return ("wrong arguments for %s: %s"):format(self.name, problem)
end

--- Runs the tool as a function: checked arguments in, the function's own value out. What is wrong
--- is an error, also when its time is up. The same as tool(args).
---@param args? table by name
---@return any
--- Example: tools.new{name="now", run=os.clock}:call{}
function Tool:call(args, context)
    local given, problem = checked(self, args)
    if not given then error(bad_arguments(self, problem), 2) end
    local outcome = tasks.run({ { run = self.run, arguments = { given, context or {} },
        timeout = self.timeout } })[1]
    if outcome.timed_out then error(self.name .. ": " .. tostring(outcome.error), 2) end
    if not outcome.ok then error(outcome.error, 0) end
    return outcome.value
end

function meta.__call(self, args, context) return Tool.call(self, args, context) end

-- What a model is given for a value.
local function content_of(value)
    if type(value) == "string" then return value end
    if value == nil then return "null" end
    local mt = getmetatable(value)
    if type(mt) == "table" and mt.__tostring and not mt.__jsontype then return tostring(value) end
    return json().encode(value)
end

local function cut(content, most)
    if #content <= most then return content, false end
    local last = most
    while last > 0 and content:byte(last + 1) >= 0x80 and content:byte(last + 1) < 0xC0 do
        last = last - 1
    end
    return ("%s\n[cut: the first %d of %d bytes]"):format(content:sub(1, last), last, #content),
        true
end

-- The record of a finished call: what the model gets (content) beside the value itself.
local function finished(self, outcome)
    local record = { seconds = outcome.seconds, value = outcome.value }
    if outcome.ok then
        local fine, content = pcall(content_of, outcome.value)
        if fine then
            record.content, record.cut = cut(content, self.max_result_bytes)
            record.status = "ok"
            return record
        end
        outcome = { error = "the result cannot be sent: " .. tostring(content) }
    end
    record.status = outcome.timed_out and "timeout" or outcome.interrupted and "interrupt"
        or "error"
    record.error = tostring(outcome.error)
    record.content, record.cut = cut("error: " .. record.error, self.max_result_bytes)
    return record
end

--- Runs the tool for a model: never an error, always a result.
---@param args? table by name
---@param context? table handed to run as its second argument
---@return table {content=text for the model, value=, status="ok"|"error"|"timeout"|…, error=, cut=}
--- Example: tools.new{name="fails", run=function() error "no" end}:answer{}.status
function Tool:answer(args, context)
    local task, record = tools.task(self, args, context)
    if record then return record end
    return finished(self, tasks.run({ task })[1])
end

--- The call as a task for tasks.run and a function that makes its outcome a record; or nil and the
--- record of a call whose arguments were wrong.
function tools.task(self, args, context)
    local given, problem = checked(self, args)
    if not given then
        return nil, finished(self, { error = bad_arguments(self, problem), seconds = 0 })
    end
    return { run = self.run, arguments = { given, context or {} }, timeout = self.timeout },
        nil, function(outcome) return finished(self, outcome) end
end

function meta.__tostring(self)
    local names, required = {}, {}
    for _, name in ipairs(self.schema.required or {}) do required[name] = true end
    for name in pairs(self.schema.properties or {}) do
        names[#names + 1] = required[name] and name or name .. "?"
    end
    return ("tool %s(%s)   %s"):format(self.name, table.concat(names, ", "), self.description)
end

function tools.is(value) return getmetatable(value) == meta end

--- Tools from a list of tools and of functions that make one when called without options
--- (tools.calculator); two of one name are an error. `where` names the caller.
function tools.list(list, where)
    if type(list) ~= "table" or tools.is(list) then
        error(("%s: tools is a %s; wanted a list, as {weather, tools.calculator}"):format(where,
            tools.is(list) and "Tool" or type(list)), 3)
    end
    local found, by_name = {}, {}
    for i, entry in ipairs(list) do
        local tool = entry
        if type(entry) == "function" then tool = entry() end
        if not tools.is(tool) then
            error(("%s: tools[%d] is %s; wanted a tool of tools.new{…}"):format(where, i,
                tool == nil and "a function that made nothing" or "a " .. type(tool)), 3)
        end
        if by_name[tool.name] then
            error(("%s: two tools are called %s"):format(where, tool.name), 3)
        end
        found[i], by_name[tool.name] = tool, tool
    end
    return found, by_name
end

--- Tools as chat templates and endpoints want them: {type="function", function={name=, …}}.
function tools.definitions(list)
    local result = json().array {}
    for i, tool in ipairs(list) do
        result[i] = ordered { { "type", "function" }, { "function", ordered {
            { "name", tool.name }, { "description", tool.description },
            { "parameters", tool.schema } } } }
    end
    return result
end

return tools
