-- SPDX-License-Identifier: Apache-2.0
-- One answer of any model to a list of messages: what chats and agents share. A model that takes
-- messages (model.takes_messages: scripted, remote) gets them; for others the chat template renders
-- the prompt. It keeps no state.

local generation = require "moonlet.generation"
local stream = require "moonlet.stream"
local tools = require "moonlet.tools"

-- Messages as chat templates expect them: tool calls in the shape {type="function", function={…}}.
local ask = {}

function ask.for_template(messages)
    local result = {}
    for i, message in ipairs(messages) do
        local row = message
        if message.tool_calls then
            row = {}
            for k, v in pairs(message) do row[k] = v end
            row.tool_calls = {}
            for n, call in ipairs(message.tool_calls) do
                row.tool_calls[n] = call["function"] and call or { id = call.id,
                    type = "function", ["function"] = { name = call.name,
                    arguments = call.arguments } }
            end
        end
        result[i] = row
    end
    return result
end

--- Answers `messages`. `opts`: generate options; tools (a list of Tool), template (variables of the
--- chat template) and tool_format beside them.
local function answer(model, messages, opts)
    local given = {}
    for k, v in pairs(opts) do given[k] = v end
    local list, template = given.tools, given.template
    given.tools, given.template, given.tool_format = nil, nil, nil
    if list and #list == 0 then list = nil end
    if type(model) == "table" and model.takes_messages then
        given.tools = list and tools.definitions(list)
        return model:generate(messages, given)
    end
    local variables = { add_generation_prompt = true }
    for k, v in pairs(template or {}) do variables[k] = v end
    if list then variables.tools = tools.definitions(list) end
    local prompt = model:render(ask.for_template(messages), variables)
    local on_text, finish = stream.sink(given)
    given.on_text, given.stream = on_text, false
    given.special = false -- the template wrote the special tokens already
    local result = model:generate(prompt, given)
    if finish() then generation.mark_shown(result) end
    return result
end

return setmetatable(ask, { __call = function(_, ...) return answer(...) end })
