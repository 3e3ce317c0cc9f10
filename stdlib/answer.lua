-- SPDX-License-Identifier: Apache-2.0
-- One answer of any model to a text or to messages, for what asks many models many things (compare,
-- evals). A text goes through the chat template where the model has one, as a user's message;
-- chat = false gives it as it is, to be continued. It keeps no state.

local ask = require "moonlet.ask"
local session = require "moonlet.session"

local answer = {}

--- Whether `value` can be asked: an object with a generate method.
function answer.is_model(value)
    local kind = type(value)
    if kind ~= "table" and kind ~= "userdata" then return false end
    local ok, method = pcall(function() return value.generate end)
    return ok and type(method) == "function"
end

--- A model, loaded when its name is given.
function answer.model(value, where)
    if type(value) == "string" then return require("moonlet").models.load(value) end
    if answer.is_model(value) then return value end
    error(("%s: given a %s; wanted a model, or a name that models.load knows")
        :format(where, type(value)), 3)
end

--- What a model is called.
function answer.name(model)
    local ok, name = pcall(function() return model.name end)
    return ok and type(name) == "string" and name or "a model"
end

local PROBE = { { role = "user", content = "?" } }

local function talks(model)
    if type(model) == "table" and model.takes_messages then return true end
    return (pcall(function() return model:render(PROBE, { add_generation_prompt = true }) end))
end

--- The Generation. opts: generate options; chat (boolean, default: whether the model can).
function answer.ask(model, prompt, opts)
    local given = {}
    for k, v in pairs(opts or {}) do given[k] = v end
    local chat = given.chat
    given.chat = nil
    if given.stream == nil then given.stream = false end
    if type(prompt) == "table" and type(prompt[1]) ~= "number" then
        return ask(model, prompt, given)
    end
    if chat == nil then chat = type(prompt) == "string" and talks(model) end
    if chat then return ask(model, { { role = "user", content = prompt } }, given) end
    return model:generate(prompt, given)
end

-- Whether many prompts can be asked at a time.
local function batches(model, opts)
    if type(model) ~= "userdata" or opts.draft or opts.on_text or opts.stream then return false end
    local ok, method = pcall(function() return model.generate_batch end)
    return ok and type(method) == "function"
end

--- The answers to many prompts: an array of {ok=, value=}, the Generation or the error. As many at
--- a time as the model can, each what answer.ask would give. After Ctrl-C what there is, those
--- that were being written marked.
function answer.ask_all(model, prompts, opts, where)
    local results = {}
    if not batches(model, opts) then
        for i, prompt in ipairs(prompts) do
            answer.progress(("%s %d/%d"):format(where, i, #prompts))
            local ok, value = pcall(answer.ask, model, prompt, opts)
            results[i] = { ok = ok, value = value }
            if ok and value.interrupted then break end
        end
        answer.progress ""
        return results
    end
    local given, chat = {}, opts.chat
    for k, v in pairs(opts) do given[k] = v end
    given.chat, given.stream = nil, nil
    if chat == nil then chat = talks(model) end
    local asked, index, seeds = {}, {}, {}
    for i, prompt in ipairs(prompts) do
        if type(prompt) == "string" and chat then
            prompt = { { role = "user", content = prompt } }
        end
        local ok, problem = true, nil
        if type(prompt) == "table" and type(prompt[1]) ~= "number" then
            ok, problem = pcall(ask.ids, model, prompt)
            prompt = problem
        end
        if ok then
            asked[#asked + 1], index[#index + 1] = prompt, i
            seeds[#seeds + 1] = given.seed
        else
            results[i] = { ok = false, value = problem }
        end
    end
    given.seeds = given.seed and seeds -- each alone would draw from this one
    for n, value in ipairs(model:generate_batch(asked, given)) do
        if value.error then results[index[n]] = { ok = false, value = value.error }
        elseif not value.interrupted or #value.tokens > 0 then
            results[index[n]] = { ok = true, value = value }
        end
    end
    return results
end

--- A line about how far a long piece of work is, overwritten by the next; "" takes it away. Only
--- where someone is watching.
function answer.progress(line)
    if not (session.interactive and session.color) then return end
    io.stderr:write("\r\27[K", line)
    io.stderr:flush()
end

return answer
