-- SPDX-License-Identifier: Apache-2.0
-- models.load "openai:NAME": a model behind an OpenAI-compatible server (POST /chat/completions),
-- of the same shape as a local one. Here the request is put together and the answer becomes a
-- Generation; sending, retries and reading of streams are engine/protocols/openai. The key stands
-- in no field of the model, no text and no error.

local chat = require "moonlet.chat"
local class = require "moonlet.class"
local generation = require "moonlet.generation"
local options = require "moonlet.options"
local request = require "moonlet.openai_request"
local stream = require "moonlet.stream"
local tasks = require "moonlet.tasks"

---@class RemoteModel
---@field name string as it was loaded, "openai:NAME"
---@field model string the name the server knows it by
---@field base_url string where it is
local meta, Remote = class("RemoteModel")

local LOAD = options.rows {
    "base_url string", "api_key string", "organization string", "project string",
    "timeout number 600", "connect_timeout number 10", "retries integer 2", "headers table",
    "extra table", "max_tokens_field string",
}
local EMBED = options.rows { "batch_size integer 256", "dimensions integer", "extra table" }
local DEFAULT_URL = "https://api.openai.com/v1"

-- What must not be seen: model -> {key=, headers=}.
local secrets = setmetatable({}, { __mode = "k" })

local function environment(name)
    local value = os.getenv(name)
    return value ~= "" and value or nil
end

local openai = {}

--- The provider's side of models.load.
function openai.load(name, rest, opts)
    options.check(opts, LOAD, "models.load")
    if rest == "" then error('models.load: "openai:" without a name; wanted "openai:NAME"', 3) end
    local url = opts.base_url or environment "OPENAI_BASE_URL" or DEFAULT_URL
    if not url:match("^https?://[^/]") then
        error(("models.load: base_url is '%s'; wanted http://host/v1 or https://host/v1")
            :format(url), 3)
    end
    local key = opts.api_key or environment "OPENAI_API_KEY"
    local source = opts.api_key and "the option api_key" or key and "$OPENAI_API_KEY" or "none"
    if not key and url == DEFAULT_URL then
        error("models.load: no key; set the environment variable OPENAI_API_KEY or give api_key=, "
            .. "or base_url= for a server of your own", 3)
    end
    local headers = { ["OpenAI-Organization"] = opts.organization or environment "OPENAI_ORG_ID",
        ["OpenAI-Project"] = opts.project or environment "OPENAI_PROJECT_ID" }
    for field, value in pairs(opts.headers or {}) do headers[field] = tostring(value) end
    local field = opts.max_tokens_field
        or (url:find("//api.openai.com", 1, true) and "max_completion_tokens") or "max_tokens"
    local self = setmetatable({ name = name, model = rest, key_source = source,
        base_url = url:gsub("//[^/@]*@", "//"):gsub("%?.*$", ""), timeout = opts.timeout or 600,
        connect_timeout = opts.connect_timeout or 10, retries = opts.retries or 2,
        extra = opts.extra or {}, max_tokens_field = field, takes_messages = true }, meta)
    secrets[self] = { key = key, headers = headers, url = url }
    return self
end

-- Sends a body to a path below base_url.
local function start(self, path, body, completion)
    local secret = secrets[self]
    local base, query = secret.url:match("^([^?]*)(.*)$")
    local source = self.key_source == "none"
        and "none was sent; set OPENAI_API_KEY or give api_key=" or "it is from " .. self.key_source
    return require("moonlet_base").functions["_openai.start"] {
        url = base:gsub("/+$", "") .. path .. query, body = body, headers = secret.headers,
        key = secret.key, key_source = source, name = self.name, retries = self.retries,
        timeout = self.timeout, connect_timeout = self.connect_timeout, completion = completion }
end

-- The result of the job; pieces go to on_text, which may end it. In a task others go on meanwhile.
local function wait(job, on_text)
    if not tasks.running() then return job:result(on_text) end
    if on_text then
        repeat
            local done, piece = job:done(), job:take()
            if piece ~= "" and on_text(piece) == false then job:cancel() break end
            if not done then tasks.sleep(0.02) end
        until done
    end
    return tasks.await(job)
end

local function to_generation(choice, answer, opts, sent, ended)
    local text = choice.text or ""
    if text == "" then text = choice.refusal or "" end
    local reason = choice.finish_reason
    if reason == "cut" and answer.cancelled then reason = ended end
    local first = answer.first_token_seconds
    local usage = answer.usage or {}
    local result = generation.new {
        text = text, thinking = choice.thinking, calls = choice.calls, logprobs = choice.logprobs,
        finish_reason = reason, error = answer.error, seed = opts.seed or 0,
        usage = { prompt_tokens = usage.prompt_tokens, completion_tokens = usage.completion_tokens,
            cached_tokens = usage.cached_tokens, reasoning_tokens = usage.reasoning_tokens },
        prompt = { text = sent, ids = {} }, model = answer.model, id = answer.id,
        request_id = answer.request_id, attempts = answer.attempts,
        timings = { prompt_seconds = first or 0, first_token_seconds = first,
            completion_seconds = answer.completion_seconds },
    }
    if choice.refusal and choice.refusal ~= "" then result.refusal = choice.refusal end
    return result
end

--- Asks the server and waits for the answer, streamed when somebody watches. A connection that dies
--- after text has come gives what came, with finish_reason "cut" and the reason in `error`.
---@param prompt string|table[] a text or messages {role=, content=}
---@param opts? RemoteGenerateOptions
---@return Generation
function Remote:generate(prompt, opts)
    opts = opts or {}
    request.check(opts, "generate")
    local on_text, finish = stream.sink(opts)
    local fine, body = pcall(request.body, self, prompt, opts, on_text ~= nil)
    if not fine then error("generate: " .. body, 2) end
    local stopped = false
    local listener = on_text and function(piece)
        stopped = on_text(piece) == false
        return not stopped
    end
    generation.remember { text = body, ids = {} } -- for `:prompt`, also when the call fails
    local ok, answer = pcall(wait, start(self, "/chat/completions", body, true), listener)
    local shown = finish()
    if not ok then error(answer, 0) end
    local choices, ended = {}, stopped and "callback" or "interrupt"
    for i, choice in ipairs(answer.choices) do
        choices[i] = to_generation(choice, answer, opts, body, ended)
    end
    local result = choices[1] -- none when it was stopped before the first piece
        or to_generation({ finish_reason = "cut" }, answer, opts, body, ended)
    if #choices > 1 then result.choices = choices end
    return shown and generation.mark_shown(result) or result
end

--- The exact JSON that would be sent for these messages.
---@param messages string|table[]
---@param opts? RemoteGenerateOptions
---@return string
function Remote:render(messages, opts)
    local given = {}
    for k, v in pairs(opts or {}) do given[k] = v end
    given.add_generation_prompt = nil -- what a chat template is told; a server adds it by itself
    request.check(given, "render")
    local fine, body = pcall(request.body, self, messages, given, false)
    if not fine then error("render: " .. body, 2) end
    return body
end

-- ---- Embeddings

local vectors_meta = class("Embeddings")
vectors_meta.__index = { dtype = "f32" }
--- A plain copy: rows of numbers.
function vectors_meta.__index:table()
    local rows = {}
    for i, row in ipairs(self) do rows[i] = { unpack(row) } end
    return rows
end
function vectors_meta.__tostring(self)
    return ("embeddings [%d, %d]"):format(self.shape[1], self.shape[2])
end

--- Vectors of texts, by the server's /embeddings: result[i] is the i-th text's list of numbers.
---@param texts string|string[]
---@param opts? RemoteEmbedOptions
---@return Embeddings {shape={#texts, dim}, table=function}
function Remote:embed(texts, opts)
    opts = opts or {}
    options.check(opts, EMBED, "embed")
    local list = type(texts) == "table" and texts or { texts }
    local size = opts.batch_size or 256
    local rows = {}
    for first = 1, #list, size do
        local batch = { unpack(list, first, math.min(#list, first + size - 1)) }
        local body = request.embedding_body(self, batch, opts)
        local answer = wait(start(self, "/embeddings", body, false))
        local data = type(answer) == "table" and answer.data
        if type(data) ~= "table" or #data ~= #batch then
            error(("%s: %d texts were sent and %s vectors came back"):format(self.name, #batch,
                type(data) == "table" and #data or "no"), 2)
        end
        for i, entry in ipairs(data) do
            rows[first + (tonumber(entry.index) or i - 1)] = entry.embedding
        end
    end
    rows.shape = { #rows, rows[1] and #rows[1] or 0 }
    return setmetatable(rows, vectors_meta)
end

---@class RemoteEmbedOptions
---@field batch_size? integer texts a request (default 256)
---@field dimensions? integer length of the vectors, where one may choose (default the model's)
---@field extra? table more fields of the request (default none)

--- Nothing to give back; there so that code for local models runs.
function Remote:release() end

local REASONS = {
    logits = "they do not leave the server; logprobs=5 in generate gives the likeliest tokens",
    next = "it gives no next-token distribution; m:generate(…, {max_tokens=1, logprobs=5}) is near",
    loglikelihood = "a chat endpoint scores no given text",
    classify = "it has no classification head; ask it with format={enum} in generate",
    save = "its weights are not here",
}
for name, reason in pairs(REASONS) do
    Remote[name] = function(self)
        error(("%s: a remote model has no %s: %s; for the real thing load a local model"):format(
            self.name, name, reason), 2)
    end
end

function meta.__tostring(self)
    return ("model %s   remote · %s · key: %s"):format(self.name, self.base_url, self.key_source)
end

chat.add_to(Remote)

return openai
