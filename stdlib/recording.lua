-- SPDX-License-Identifier: Apache-2.0
-- Model calls as data: written while a session is recorded (moonlet --record FILE), given back
-- where it is replayed without the models (--replay FILE). Recorded is what models.load gives:
-- every method that is called on it from outside, with its arguments, its answer, the pieces that
-- were streamed, or its error. Answers are plain data; a Generation becomes one again, other
-- objects become values that print the same and can be indexed. What is built on top of a model in
-- Lua (chats, agents, m:rag) runs in a replay as it did. Training and what it makes is not
-- recorded. It knows no file: the shell gives the functions that write and encode.

local class = require "moonlet.class"
local session = require "moonlet.session"

local recording = {}

-- Made of calls on the model itself: they run again, on what stands in for it.
local BUILT = { chat = true, rag = true, release = true }
local FIELDS = { "name", "folder", "config", "generation_config", "labels", "tool_format", "bytes",
    "takes_messages", "model", "base_url", "key_source", "max_tokens_field" }
local MAX_VALUES = 1000000 -- of a tensor

local depth = 0        -- calls within calls are part of their answer
local ids, count = setmetatable({}, { __mode = "k" }), 0

local function class_of(value)
    local meta = debug.getmetatable(value)
    local name = type(meta) == "table" and rawget(meta, "__name")
    return type(name) == "string" and name:gsub("^moonlet%.", "") or nil
end

-- ---- Values as plain data

local pack

local function text_of(value)
    local ok, text = pcall(tostring, value)
    return ok and text or type(value)
end

local function pack_object(value, name, seen)
    local packed = { ["class"] = name, text = text_of(value) }
    local meta = debug.getmetatable(value)
    if type(meta.__display) == "function" then
        local ok, text = pcall(meta.__display, value)
        packed.display = ok and text or nil
    end
    if type(value) == "table" then
        packed.fields = {}
        for k, v in next, value do packed.fields[k] = pack(v, seen) end
    elseif name == "Tensor" then
        local ok, shape = pcall(function() return value.shape end)
        local size = 1
        for _, n in ipairs(ok and shape or {}) do size = size * n end
        packed.fields = { shape = ok and shape or nil, dtype = text_of(value.dtype) }
        if size <= MAX_VALUES then packed.values = value:table() end
    elseif name == "Tokenizer" then
        packed.stands_for = "Tokenizer"
    end
    return { ["%object"] = packed }
end

function pack(value, seen)
    local kind = type(value)
    if kind == "function" or kind == "thread" or kind == "cdata" then
        return { ["%object"] = { text = text_of(value) } }
    end
    if kind ~= "table" and kind ~= "userdata" then return value end
    if value == require "moonlet.null" then return { ["%null"] = true } end
    seen = seen or {}
    if seen[value] then return seen[value] end
    local name = class_of(value)
    if name or kind == "userdata" then return pack_object(value, name, seen) end
    local copy = {}
    seen[value] = copy
    for k, v in next, value do copy[pack(k, seen)] = pack(v, seen) end
    return copy
end

local unpack_value

local function revive(packed)
    local fields = {}
    for k, v in next, packed.fields or {} do fields[k] = unpack_value(v) end
    if packed.class == "Generation" then return require("moonlet.generation").new(fields) end
    if packed.class == "NextTokens" then return require("moonlet.next").new(fields) end
    if packed.values then
        fields.table = function() return packed.values end
    end
    return setmetatable(fields, { __tostring = function() return packed.text end,
        __display = packed.display and function() return packed.display end or nil })
end

function unpack_value(value, seen)
    if type(value) ~= "table" then return value end
    if value["%null"] then return require "moonlet.null" end
    if value["%object"] then return revive(value["%object"]) end
    seen = seen or {}
    if seen[value] then return seen[value] end
    local copy = {}
    seen[value] = copy
    for k, v in next, value do copy[unpack_value(k, seen)] = unpack_value(v, seen) end
    return copy
end

-- What a call was given, as text: the key that its answer is found by. Where pieces go is not part
-- of it, nor is what is secret.
local function given_text(encode, ...)
    local list = {}
    for i = 1, select("#", ...) do
        local value = (select(i, ...))
        if type(value) == "table" and not class_of(value) then
            local copy = {}
            for k, v in next, value do copy[k] = v end
            copy.on_text, copy.stream = nil, nil
            copy.api_key, copy.token, copy.headers = nil, nil, nil
            value = copy
        end
        list[i] = pack(value)
    end
    -- Keys in order, so that the same arguments are the same text.
    local function write(value)
        if type(value) ~= "table" then return (encode(value)) end
        local keys = {}
        for k in next, value do keys[#keys + 1] = k end
        table.sort(keys, function(a, b)
            if type(a) == type(b) and type(a) ~= "table" and type(a) ~= "boolean" then
                return a < b
            end
            return tostring(a) < tostring(b)
        end)
        local parts = {}
        for i, k in ipairs(keys) do parts[i] = write(k) .. "=" .. write(value[k]) end
        return "{" .. table.concat(parts, ",") .. "}"
    end
    return write(list)
end

-- ---- Recording

local shell -- {encode=, emit=}

-- The options of a call among its arguments, copied, with an on_text that keeps the pieces.
local function listen(arguments, pieces)
    for i = arguments.n, 1, -1 do
        local opts = arguments[i]
        if type(opts) == "table" and not class_of(opts) and opts[1] == nil
            and (i > 1 or opts.on_text or opts.stream ~= nil) then
            local copy = {}
            for k, v in next, opts do copy[k] = v end
            arguments[i], opts = copy, copy
            local listener, show = opts.on_text, opts.stream
            if listener ~= nil and type(listener) ~= "function" then return end
            if show == nil then opts.stream = session.interactive and not listener end
            opts.on_text = function(piece)
                pieces[#pieces + 1] = piece
                if not listener then return end
                local before = depth
                depth = 0
                local go_on = listener(piece)
                depth = before
                return go_on
            end
            return
        end
    end
    if arguments.n == 1 then -- m:generate("text"): options of our own
        arguments.n = 2
        arguments[2] = { on_text = function(piece) pieces[#pieces + 1] = piece end,
            stream = session.interactive }
    end
end

local STREAMS = { generate = true }

local function record_call(kind, method, f)
    return function(self, ...)
        if depth > 0 then return f(self, ...) end
        local given = given_text(shell.encode, ...)
        local arguments, pieces = { n = select("#", ...), ... }, {}
        if STREAMS[method] then listen(arguments, pieces) end
        depth = 1
        local results = { n = 0 }
        local function keep(...) results = { n = select("#", ...), ... } end
        keep(pcall(f, self, unpack(arguments, 1, arguments.n)))
        depth = 0
        local row = { call = method, class = kind, on = ids[self] or 0, given = given }
        if #pieces > 0 then row.pieces = pieces end
        if results[1] then
            row.count, row.results = results.n - 1, {}
            for i = 2, results.n do row.results[i - 1] = pack(results[i]) end
        else
            row.error = text_of(results[2])
        end
        shell.emit(row)
        -- A tail call: no frame of ours in the traceback.
        if not results[1] then return error(results[2], 0) end
        return unpack(results, 2, results.n)
    end
end

local wrapped = {}

local function wrap(kind)
    if not kind or wrapped[kind] then return end
    wrapped[kind] = true
    local _, methods = class(kind)
    for name, f in pairs(methods) do
        if type(f) == "function" and not BUILT[name] and name:sub(1, 1) ~= "_" then
            methods[name] = record_call(kind, name, f)
        end
    end
end

--- Records from here on. `functions`: encode(value) -> text, emit(row).
function recording.start(functions)
    shell = functions
    local models = require("moonlet").models
    local load = require("moonlet.models").load
    models.load = function(name, opts)
        if depth > 0 then return load(name, opts) end
        local row = { load = given_text(shell.encode, name, opts) }
        depth = 1
        local ok, model = pcall(load, name, opts)
        depth = 0
        if ok then
            count = count + 1
            ids[model] = count
            row.id, row.class, row.text = count, class_of(model), text_of(model)
            row.table = type(model) == "table"
            row.fields = {}
            for _, field in ipairs(FIELDS) do
                local got, value = pcall(function() return model[field] end)
                if got and type(value) ~= "function" then row.fields[field] = pack(value) end
            end
            local got, tokenizer = pcall(function() return model.tokenizer end)
            row.tokenizer = got and tokenizer ~= nil
            wrap(row.class)
            if row.tokenizer then wrap(class_of(tokenizer)) end
        else
            row.error = text_of(model)
        end
        shell.emit(row)
        if not ok then return error(model, 0) end
        return model
    end
end

--- An entry begins: a call that Ctrl-C has ended is over.
function recording.entry() depth = 0 end

-- ---- Replaying

local answers -- key -> {row, …, at=}

local function key(kind, on, method, given)
    return table.concat({ kind or "", kind == "Tokenizer" and 0 or on, method, given }, "\0")
end

local function take(name)
    local list = answers[name]
    if not list then return nil end
    if list.at < #list then list.at = list.at + 1 end
    return list[list.at]
end

local function play(row, method, opts)
    if row.pieces then
        local stream = require "moonlet.stream"
        local on_text, finish = stream.sink(opts or {})
        for _, piece in ipairs(row.pieces) do
            if on_text then on_text(piece) end
        end
        local shown = finish()
        local value = unpack_value(row.results and row.results[1])
        if row.error then error(row.error, 0) end
        if shown and method == "generate" then
            require("moonlet.generation").mark_shown(value)
        end
        return value
    end
    if row.error then return error(row.error, 0) end
    local results = {}
    for i = 1, row.count do results[i] = unpack_value(row.results[i]) end
    return unpack(results, 1, row.count)
end

-- A stand-in: a userdata where the model was one, so that it is asked in the same way.
local function stand_in(row, kind)
    local proxy = row.table and {} or newproxy(true)
    local meta = row.table and {} or getmetatable(proxy)
    local fields, methods = {}, {}
    for name, value in next, row.fields or {} do fields[name] = unpack_value(value) end
    if kind ~= "Tokenizer" then require("moonlet.chat").add_to(methods) end
    for name in next, methods do
        if not BUILT[name] then methods[name] = nil end
    end
    if row.tokenizer then
        fields.tokenizer = stand_in({ text = "tokenizer", id = 0 }, "Tokenizer")
    end
    function methods.release() end
    meta.__tostring = function() return row.text end
    meta.__report = true
    meta.__index = function(_, name)
        if fields[name] ~= nil then return fields[name] end
        if methods[name] or type(name) ~= "string" then return methods[name] end
        if not recording.methods[(kind or "") .. "\0" .. name] then return nil end
        return function(_, ...)
            local given = given_text(shell.encode, ...)
            local answer = take(key(kind, row.id, name, given))
            if answer then
                local opts
                for i = 1, select("#", ...) do
                    local value = (select(i, ...))
                    if type(value) == "table" and value[1] == nil then opts = value end
                end
                return play(answer, name, opts)
            end
            error(("the record has no answer to %s:%s(%s); was the entry changed?"):format(
                kind or "model", name, #given > 60 and given:sub(1, 60) .. "…" or given), 2)
        end
    end
    return row.table and setmetatable(proxy, meta) or proxy
end

--- Answers from `rows`, as start() has emitted them. `functions`: encode(value) -> text.
function recording.replay(functions, rows)
    shell, answers, recording.methods = functions, {}, {}
    for _, row in ipairs(rows) do
        local name
        if row.load then name = "load\0" .. row.load
        else
            name = key(row.class, row.on, row.call, row.given)
            recording.methods[row.class .. "\0" .. row.call] = true
        end
        answers[name] = answers[name] or { at = 0 }
        table.insert(answers[name], row)
    end
    require("moonlet").models.load = function(name, opts)
        local row = take("load\0" .. given_text(shell.encode, name, opts))
        if not row then
            error(("models.load: the record has no model %s"):format(tostring(name)), 2)
        end
        if row.error then return error(row.error, 0) end
        return stand_in(row, row.class)
    end
end

return recording
