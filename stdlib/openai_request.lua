-- SPDX-License-Identifier: Apache-2.0
-- The JSON body of a request to an OpenAI-compatible server, from messages and generate options;
-- fields stand in the order people know them. It sends nothing.

local options = require "moonlet.options"
local tools = require "moonlet.tools"

local request = {}

---@class RemoteGenerateOptions
---@field max_tokens? integer tokens to write at most (default the server's)
---@field temperature? number above 0 samples (default the server's)
---@field top_p? number keeps the smallest set with this mass (default the server's)
---@field stop? string|table texts that end the answer (default none)
---@field seed? integer the server's best effort to answer the same again (default none)
---@field n? integer answers; beyond the first in result.choices (default 1)
---@field logprobs? boolean|integer log-probabilities, with so many likeliest beside (default false)
---@field format? string|table "json", or a JSON Schema that the answer fits (default text)
---@field tools? table tools of tools.new, or definitions as JSON Schema (default none)
---@field tool_choice? string|table "auto", "none", "required", a tool's name (default the server's)
---@field on_text? function gets each piece of text; returning false stops (default none)
---@field stream? boolean print the text while it comes (default true at the prompt)
---@field extra? table more fields of the request, over all others (default none)
-- Sent as they are where a server knows them: top_k min_p repetition_penalty ignore_eos and the
-- penalties. special, skip_special and template are a local model's and have no effect.
local OPTIONS = options.rows {
    "max_tokens integer", "temperature number", "top_p number", "top_k integer", "min_p number",
    "repetition_penalty number", "frequency_penalty number", "presence_penalty number",
    "stop string|table", "seed integer", "n integer 1", "logprobs boolean|integer false",
    "format string|table|userdata", "tools table", "tool_choice string|table", "on_text function",
    "stream boolean", "do_sample boolean", "special boolean", "skip_special boolean",
    "ignore_eos boolean", "template table", "extra table",
}

local function json() return require("moonlet").json end

function request.check(opts, where) options.check(opts, OPTIONS, where) end

-- {{name, text of the value}, …} as an object.
local function object(members)
    local parts = {}
    for i, member in ipairs(members) do
        parts[i] = json().encode(member[1]) .. ":" .. member[2]
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

local function list_of(texts) return "[" .. table.concat(texts, ",") .. "]" end

-- A call {id=, name=, arguments=} as the API has it; one that stands in that shape stays.
local function call_text(call)
    if call["function"] then return json().encode(call) end
    local arguments = call.arguments
    if type(arguments) ~= "string" then
        arguments = json().encode(arguments or json().object {})
        if arguments == "[]" then arguments = "{}" end -- a decoded call without arguments
    end
    return object { { "id", json().encode(call.id) }, { "type", '"function"' },
        { "function", object { { "name", json().encode(call.name) },
            { "arguments", json().encode(arguments) } } } }
end

-- Fields that are our own notes beside a message.
local NOTES = { thinking = true, interrupted = true, tool_calls = true, role = true,
    content = true, tool_call_id = true }

local function message_text(message, i)
    if type(message) ~= "table" or type(message.role) ~= "string" then
        error(("message %d has no role; wanted {role=\"user\", content=\"…\"}"):format(i), 0)
    end
    local calls = message.tool_calls
    local members = { { "role", json().encode(message.role) } }
    local content = message.content
    if content ~= nil and not (calls and #calls > 0 and content == "") then
        if type(content) ~= "table" then content = tostring(content) end
        members[#members + 1] = { "content", json().encode(content) }
    else
        members[#members + 1] = { "content", "null" }
    end
    if calls and #calls > 0 then
        local texts = {}
        for n, call in ipairs(calls) do texts[n] = call_text(call) end
        members[#members + 1] = { "tool_calls", list_of(texts) }
    end
    if message.tool_call_id then
        members[#members + 1] = { "tool_call_id", json().encode(message.tool_call_id) }
    end
    local others = {}
    for field in pairs(message) do
        local known = NOTES[field] or (field == "name" and message.role == "tool")
        if type(field) == "string" and not known then others[#others + 1] = field end
    end
    table.sort(others)
    for _, field in ipairs(others) do
        members[#members + 1] = { field, json().encode(message[field]) }
    end
    return object(members)
end

local function messages_text(prompt)
    if type(prompt) == "string" then prompt = { { role = "user", content = prompt } } end
    if type(prompt) ~= "table" or type(prompt[1]) == "number" then
        error("a remote model was given " .. (type(prompt) == "table" and "token ids" or "a "
            .. type(prompt)) .. "; wanted a text or messages {role=, content=}", 0)
    end
    if #prompt == 0 then error("no messages; wanted a text or {{role=, content=}, …}", 0) end
    local texts = {}
    for i, message in ipairs(prompt) do texts[i] = message_text(message, i) end
    return list_of(texts)
end

local function format_text(format)
    if format == "json" then return '{"type":"json_object"}' end
    if type(format) == "string" then
        error(("format is '%s'; wanted \"json\" or a JSON Schema as a table"):format(format), 0)
    end
    local schema = type(format) == "userdata" and format.source or format
    if schema.type == "json_schema" or schema.type == "json_object" then
        return json().encode(schema) -- the API's own shape
    end
    -- strict mode is refused for schemas that leave other names open
    local strict = schema.additionalProperties == false
    return object { { "type", '"json_schema"' }, { "json_schema", object {
        { "name", '"answer"' }, { "strict", tostring(strict) },
        { "schema", json().encode(schema) } } } }
end

local function tools_text(given)
    local plain = {}
    for i, entry in ipairs(given) do
        if type(entry) == "table" and entry["function"] then plain[i] = json().encode(entry) end
    end
    if #plain == #given then return list_of(plain) end
    return json().encode(tools.definitions(tools.list(given, "generate")))
end

local function choice_text(choice)
    if type(choice) == "table" then return json().encode(choice) end
    if choice == "auto" or choice == "none" or choice == "required" then
        return json().encode(choice)
    end
    return object { { "type", '"function"' },
        { "function", object { { "name", json().encode(choice) } } } }
end

local function put_extra(members, extra)
    local names = {}
    for name in pairs(extra) do names[#names + 1] = name end
    table.sort(names)
    for _, name in ipairs(names) do
        local place = #members + 1
        for i, member in ipairs(members) do
            if member[1] == name then place = i end
        end
        members[place] = { name, json().encode(extra[name]) }
    end
end

--- The body of POST /chat/completions. Error (without a position): what cannot be sent.
function request.body(model, prompt, opts, streamed)
    local members = { { "model", json().encode(model.model) },
        { "messages", messages_text(prompt) } }
    local function put(name, text) members[#members + 1] = { name, text } end
    local temperature = opts.temperature
    if opts.do_sample == false then temperature = 0 end
    if opts.max_tokens then put(model.max_tokens_field, json().encode(opts.max_tokens)) end
    if temperature then put("temperature", json().encode(temperature)) end
    for _, name in ipairs { "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty",
        "presence_penalty", "ignore_eos", "stop", "seed", "n" } do
        if opts[name] ~= nil then put(name, json().encode(opts[name])) end
    end
    if opts.logprobs then
        put("logprobs", "true")
        if type(opts.logprobs) == "number" and opts.logprobs > 0 then
            put("top_logprobs", json().encode(opts.logprobs))
        end
    end
    if opts.format then put("response_format", format_text(opts.format)) end
    if opts.tools and #opts.tools > 0 then
        put("tools", tools_text(opts.tools))
        if opts.tool_choice then put("tool_choice", choice_text(opts.tool_choice)) end
    end
    if streamed then
        put("stream", "true")
        put("stream_options", '{"include_usage":true}')
    end
    put_extra(members, model.extra)
    put_extra(members, opts.extra or {})
    return object(members)
end

--- The body of POST /embeddings.
function request.embedding_body(model, texts, opts)
    for i, text in ipairs(texts) do
        if type(text) ~= "string" then
            error(("embed: text %d is a %s; wanted a string"):format(i, type(text)), 3)
        end
    end
    local members = { { "model", json().encode(model.model) },
        { "input", json().encode(json().array(texts)) }, { "encoding_format", '"float"' } }
    if opts.dimensions then members[4] = { "dimensions", json().encode(opts.dimensions) } end
    put_extra(members, opts.extra or {})
    return object(members)
end

return request
