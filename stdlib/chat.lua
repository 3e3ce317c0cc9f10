-- SPDX-License-Identifier: Apache-2.0
-- A conversation with a model: m:chat{system="…"} is called with what the user says and returns the
-- Generation. The whole state is c.messages, a plain array of {role=, content=} that may be read,
-- saved and changed. Messages change only when an answer has come: after an error they are what
-- they were before. How a model is asked is ask.lua's. It runs no tools: calls that the model makes
-- stand in the message's tool_calls, and c{role="tool", …} answers them; agents.lua runs them.

local ask = require "moonlet.ask"
local class = require "moonlet.class"
local rag = require "moonlet.rag"
local text = require "moonlet.text"
local tools = require "moonlet.tools"

---@class Chat
---@field messages table[] {role=, content=}; an answer that Ctrl-C ended has interrupted=true
---@field model Model the model that answers
---@field options table generate options of every answer
local meta, Chat = class("Chat")

---@class ChatOptions: GenerateOptions
---@field system? string the system message (default none)
---@field messages? table[] a conversation to go on with, as c.messages (default none)
---@field template? table chat template variables, as {enable_thinking=false} (default none)
---@field tools? table tools that the model may call; the calls come back unrun (default none)
---@field tool_format? string "hermes" or "llama3" (default by the chat template)

local OWN = { system = true, messages = true, template = true, tools = true, tool_format = true }

local function copy(messages)
    local result = {}
    for i, message in ipairs(messages) do
        local row = {}
        for k, v in pairs(message) do row[k] = v end
        result[i] = row
    end
    return result
end

local function joined(base, extra)
    local result = {}
    for k, v in pairs(base) do result[k] = v end
    for k, v in pairs(extra or {}) do result[k] = v end
    return result
end

local function check_messages(messages)
    if type(messages) ~= "table" then
        error("chat: messages is a " .. type(messages)
            .. "; wanted an array of {role=, content=}", 3)
    end
    for i, message in ipairs(messages) do
        if type(message) ~= "table" or type(message.role) ~= "string" then
            error(("chat: message %d has no role; wanted {role=\"user\", content=\"…\"}")
                :format(i), 3)
        end
    end
end

local function new(model, opts)
    if opts ~= nil and type(opts) ~= "table" then
        error('chat: given a ' .. type(opts) .. '; wanted a table, as in m:chat{system="…"}', 3)
    end
    opts = opts or {}
    local messages = {}
    if opts.messages ~= nil then
        check_messages(opts.messages)
        messages = copy(opts.messages)
    end
    if opts.system ~= nil then
        if type(opts.system) ~= "string" then
            error("chat: option 'system' is a " .. type(opts.system) .. "; wanted a string", 3)
        end
        table.insert(messages, 1, { role = "system", content = opts.system })
    end
    local generate = {}
    for k, v in pairs(opts) do
        if not OWN[k] then generate[k] = v end
    end
    return setmetatable({ model = model, messages = messages, options = generate,
        template = opts.template or {}, tools = tools.list(opts.tools or {}, "chat"),
        tool_format = opts.tool_format }, meta)
end

-- Answers `messages` and, when that worked, makes them and the answer the conversation.
local function answer(self, messages, opts)
    opts = joined(self.options, opts)
    opts.template = joined(self.template, opts.template)
    opts.tools = opts.tools and tools.list(opts.tools, "chat") or self.tools
    opts.tool_format = opts.tool_format or self.tool_format
    local result = ask(self.model, messages, opts)
    local message = { role = "assistant", content = result.text }
    if result.thinking and result.thinking ~= "" then message.thinking = result.thinking end
    if result.calls and #result.calls > 0 then message.tool_calls = result.calls end
    if result.interrupted then message.interrupted = true end
    messages[#messages + 1] = message
    self.messages = messages
    return result
end

-- Index in messages of the i-th thing the user said; negative i counts from the last.
local function user_index(self, i)
    local found = {}
    for n, message in ipairs(self.messages) do
        if message.role == "user" then found[#found + 1] = n end
    end
    local index = type(i) == "number" and found[i < 0 and #found + i + 1 or i]
    if not index then
        error(("chat: no user message %s; the user has spoken %d times")
            :format(tostring(i), #found), 3)
    end
    return index
end

local function cut(messages, last)
    local kept = copy(messages)
    for i = #kept, last + 1, -1 do kept[i] = nil end
    return kept
end

function meta.__call(self, said, opts)
    local message
    if type(said) == "string" then
        message = { role = "user", content = said }
    elseif type(said) == "table" and type(said.role) == "string" then
        message = said
    else
        error('chat: given a ' .. type(said) .. '; wanted a text, as in c "Hello"', 2)
    end
    check_messages(self.messages)
    local messages = copy(self.messages)
    messages[#messages + 1] = message
    return answer(self, messages, opts)
end

--- Answers the last user message again, in place of the last answer. With a fixed seed (or greedy
--- decoding) the answer is the same unless opts say otherwise.
---@param opts? GenerateOptions for this answer only
---@return Generation
--- Example: c:regen{temperature=1, seed=2}
function Chat:regen(opts)
    return answer(self, cut(self.messages, user_index(self, -1)), opts)
end

--- Replaces the i-th thing the user said, drops what came after it and answers anew.
---@param i integer 1 = the first user message; -1 = the last
---@param content string the new text
---@param opts? GenerateOptions for this answer only
---@return Generation
--- Example: c:edit(1, "Who wrote Emma?")
function Chat:edit(i, content, opts)
    local index = user_index(self, i)
    if type(content) ~= "string" then
        error("chat: the new text is a " .. type(content) .. "; wanted a string", 2)
    end
    local messages = cut(self.messages, index)
    messages[index].content = content
    return answer(self, messages, opts)
end

--- A second conversation that goes on from here by itself; the model is shared.
---@return Chat
--- Example: d = c:fork(); d "And in one word?"
function Chat:fork()
    return setmetatable({ model = self.model, messages = copy(self.messages),
        options = joined(self.options), template = joined(self.template), tools = self.tools,
        tool_format = self.tool_format }, meta)
end

--- Takes back the last thing the user said and all answers to it.
---@return string what the user had said
function Chat:pop()
    local index = user_index(self, -1)
    local said = self.messages[index].content
    self.messages = cut(self.messages, index - 1)
    return said
end

--- The exact text the model is given for the conversation as it stands.
---@param opts? table template variables; add_generation_prompt (default: no answer stands last)
---@return string
--- Example: print(c:render())
function Chat:render(opts)
    local last = self.messages[#self.messages]
    local base = joined(self.template,
        { add_generation_prompt = not (last and last.role == "assistant") })
    if #self.tools > 0 then base.tools = tools.definitions(self.tools) end
    return self.model:render(ask.for_template(self.messages), joined(base, opts))
end

--- The messages as a plain copy, for json.encode or saving.
---@return table[]
function Chat:table() return copy(self.messages) end

meta.__prose = true
function meta.__tostring(self)
    local turns, lines = 0, {}
    for _, message in ipairs(self.messages) do
        if message.role == "user" then turns = turns + 1 end
        local content = tostring(message.content or "")
        if message.interrupted then content = content .. " [interrupted]" end
        content = content:gsub("\n", "\n" .. (" "):rep(11))
        lines[#lines + 1] = text.pad(message.role, 9) .. "  " .. content
    end
    local model = self.model
    local name = (type(model) == "table" or type(model) == "userdata") and model.name or "a model"
    table.insert(lines, 1, ("chat with %s · %d %s"):format(tostring(name), turns,
        turns == 1 and "turn" or "turns"))
    return table.concat(lines, "\n")
end

local chat = { new = new }

--- Gives a model class the methods `chat` and `rag`.
function chat.add_to(Model)
    rag.add_to(Model)
    --- A conversation with this model; call it with what you say.
    ---@param opts? ChatOptions
    ---@return Chat
    --- Example: c = m:chat{system="Answer briefly."}; c "Who wrote Hamlet?"
    function Model:chat(opts) return new(self, opts) end
end

local _, Model = class("Model")
chat.add_to(Model)

return chat
