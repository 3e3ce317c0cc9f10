-- SPDX-License-Identifier: Apache-2.0
-- One answer of any model to a list of messages: what chats and agents share. A model that takes
-- messages (model.takes_messages: scripted, remote) gets them; for others the chat template renders
-- the prompt, and with tools in play the calls and the thought are read out of what the model
-- writes, so that nobody sees raw JSON. It keeps no state.

local generation = require "moonlet.generation"
local stream = require "moonlet.stream"
local tools = require "moonlet.tools"

local ask = {}

-- Message `message` with `calls` in the shape {type="function", function={…}}.
local function with_calls(message, calls)
    local row = {}
    for k, v in pairs(message) do row[k] = v end
    row.tool_calls = {}
    for n, call in ipairs(calls) do
        row.tool_calls[n] = call["function"] and call or { id = call.id, type = "function",
            ["function"] = { name = call.name, arguments = call.arguments } }
    end
    return row
end

--- Messages as chat templates expect them: tool calls in the shape {type="function", function={…}}.
--- Llama 3's templates know one call per message, so there several become a row of messages, each
--- with its answer behind it.
function ask.for_template(messages, format)
    local result, skip = {}, {}
    for i, message in ipairs(messages) do
        local calls = message.tool_calls
        if skip[i] then
            skip[i] = nil
        elseif not calls then
            result[#result + 1] = message
        elseif format ~= "llama3" or #calls < 2 then
            result[#result + 1] = with_calls(message, calls)
        else
            for _, call in ipairs(calls) do
                result[#result + 1] = with_calls(message, { call })
                for n = i + 1, #messages do
                    if messages[n].role ~= "tool" then break end
                    if messages[n].tool_call_id == call.id then
                        result[#result + 1], skip[n] = messages[n], true
                    end
                end
            end
        end
    end
    return result
end

--- The ids and the text of the prompt that `messages` make.
function ask.ids(model, messages)
    local prompt = model:render(ask.for_template(messages), { add_generation_prompt = true })
    return model.tokenizer:encode(prompt, { special = false }), prompt
end

-- The format of a model's calls, or nil when its text is taken as it is; and whether its chat
-- template says so.
local function format_of(model, given, list)
    if not list then return nil, true end
    if given then return given, true end
    local ok, known = pcall(function() return model.tool_format end)
    return ok and known ~= nil and known ~= "" and known or "hermes", not ok or known ~= ""
end

-- Calls get ids that the conversation has not used; nine letters and digits are the one form that
-- every public template accepts.
local function give_ids(calls, messages)
    local made, used = 0, {}
    for _, message in ipairs(messages) do
        for _, call in ipairs(type(message.tool_calls) == "table" and message.tool_calls or {}) do
            made, used[call.id or ""] = made + 1, true
        end
    end
    for _, call in ipairs(calls) do
        while not call.id or call.id == "" or used[call.id] do
            made = made + 1
            call.id = ("call%05d"):format(made)
        end
        used[call.id] = true
    end
end

-- Generates from the rendered prompt and reads calls and thought out of the text.
local function generate(model, prompt, given, format)
    local parser = format and require("moonlet").tools.parser(format,
        { thinking = prompt:find("<think>%s*$") ~= nil })
    local on_text, finish = stream.sink(given, not parser and prompt:find("<think>%s*$") ~= nil)
    given.on_text, given.stream = on_text, false
    local shown = {}
    if parser then
        given.on_text = function(piece)
            local visible = parser:push(piece)
            shown[#shown + 1] = visible
            if visible ~= "" and on_text then return on_text(visible) end
        end
    end
    local result = model:generate(prompt, given)
    if parser then
        local rest = parser:finish()
        shown[#shown + 1] = rest
        if rest ~= "" and on_text and not result.interrupted then on_text(rest) end
        result.raw, result.text = result.text, table.concat(shown)
        result.thinking, result.calls = parser.thinking, parser.calls
        if #result.calls > 0 and result.finish_reason == "stop" then
            result.finish_reason = "tool_calls"
        end
    end
    if finish() then generation.mark_shown(result) end
    return result
end

--- Answers `messages`. `opts`: generate options; tools (a list of Tool), template (variables of the
--- chat template) and tool_format beside them.
local function answer(model, messages, opts)
    local given = {}
    for k, v in pairs(opts) do given[k] = v end
    local list, template, format = given.tools, given.template, given.tool_format
    given.tools, given.template, given.tool_format = nil, nil, nil
    if list and #list == 0 then list = nil end
    local result
    if type(model) == "table" and model.takes_messages then
        given.tools = list and tools.definitions(list)
        result = model:generate(messages, given)
    else
        local variables = { add_generation_prompt = true }
        for k, v in pairs(template or {}) do variables[k] = v end
        if list then variables.tools = tools.definitions(list) end
        local told
        format, told = format_of(model, format, list)
        local rendered = ask.for_template(messages, format)
        local prompt = model:render(rendered, variables)
        if not told then
            variables.tools = nil
            if model:render(rendered, variables) == prompt then
                error(("%s: its chat template leaves tools out, so it would not know of them; use "
                    .. "a model whose template shows tools"):format(tostring(model.name)), 0)
            end
        end
        given.special = false -- the template wrote the special tokens already
        result = generate(model, prompt, given, format)
    end
    if #result.calls > 0 then give_ids(result.calls, messages) end
    return result
end

return setmetatable(ask, { __call = function(_, ...) return answer(...) end })
