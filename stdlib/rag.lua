-- SPDX-License-Identifier: Apache-2.0
-- Answers from passages: m:rag(r) asks the retriever, writes the passages and the question into one
-- prompt, and checks what the model quotes. Nothing is hidden: rag.prompt holds the words of the
-- prompt and may be changed, rag:messages(question) shows what would be sent, :prompt what was. For
-- any model that chats: native, scripted, remote. Passages that do not fit into the model's context
-- are left out, the last ones first; how many is in answer.dropped.

local ask = require "moonlet.ask"
local citations = require "moonlet.citations"
local class = require "moonlet.class"
local hits_of = require "moonlet.hits"
local text = require "moonlet.text"

---@class Rag
---@field model Model who answers
---@field retriever Retriever what finds the passages
---@field prompt table {system=, passage=, user=}: the words around passages and question
---@field options table generate and search options of every question
local meta, Rag = class("Rag")

---@class Answer: Generation
---@field hits Hit[] the passages that stood in the prompt, by their numbers
---@field citations Citation[] what the answer cites, checked
---@field dropped integer passages that found no room in the prompt
local answer_meta, Answer = class("Answer")
local _, Generation = class("Generation")

---@class RagOptions: GenerateOptions
---@field k? integer how many passages (default 3)
---@field filter? table|function of the retriever (default none)
---@field weights? table {bm25=, dense=} of a hybrid retriever (default its own)
---@field candidates? integer of each leg of a hybrid retriever (default its own)
---@field prompt? table {system=, passage="[{n}] {text}", user="{passages}\n\nQuestion: {question}"}
---  (default as Rag.prompt shows)
---@field ctx? integer tokens that prompt and answer may take (default the model's)
---@field max_tokens? integer of the answer (default 256, less in a small context)
local SEARCH = { "k", "filter", "weights", "candidates" }
local OWN = { k = true, filter = true, weights = true, candidates = true, prompt = true,
    ctx = true }

local PROMPT = {
    system = "Answer from the passages. Quote the words you use, then the passage's number: "
        .. '"quote" [1]. If they do not say, answer: I do not know.',
    passage = "[{n}] {text}",
    user = "{passages}\n\nQuestion: {question}",
}

-- `template` with {name} replaced once; other braces stay.
local function fill(template, values)
    return (template:gsub("{(%a+)}", values))
end

local function joined(base, extra)
    local result = {}
    for k, v in pairs(base) do result[k] = v end
    for k, v in pairs(extra or {}) do result[k] = v end
    return result
end

local function check_prompt(given)
    if given ~= nil and type(given) ~= "table" then
        error("rag: prompt is a " .. type(given) .. "; wanted {system=, passage=, user=}", 4)
    end
    for name, value in pairs(given or {}) do
        if not PROMPT[name] or type(value) ~= "string" then
            error(("rag: prompt.%s is a %s; wanted texts: system, passage, user"):format(
                tostring(name), type(value)), 4)
        end
    end
    return joined(PROMPT, given)
end

local function new(model, retriever, opts)
    local callable = type(retriever) == "function"
        or (getmetatable(retriever) or {}).__call ~= nil
    if not callable then
        error("rag: given a " .. type(retriever)
            .. "; wanted a retriever: m:rag(retrievers.new{docs})", 3)
    end
    if opts ~= nil and type(opts) ~= "table" then
        error("rag: options are a " .. type(opts) .. "; wanted a table, as in {k = 3}", 3)
    end
    local own = joined(opts or {})
    local self = { model = model, retriever = retriever, prompt = check_prompt(own.prompt),
        options = own }
    own.prompt = nil
    return setmetatable(self, meta)
end

local function messages_of(self, question, hits)
    local parts = {}
    for i, hit in ipairs(hits) do
        parts[i] = fill(self.prompt.passage, { n = tostring(i), text = hit.text,
            source = tostring(hit.source or ""), id = tostring(hit.id or "") })
    end
    local passages = #parts > 0 and table.concat(parts, "\n") or "(no passages found)"
    local messages = { { role = "user",
        content = fill(self.prompt.user, { passages = passages, question = question }) } }
    if self.prompt.system ~= "" then
        table.insert(messages, 1, { role = "system", content = self.prompt.system })
    end
    return messages
end

-- The model's context in tokens, nil where it is not known.
local function context_of(model, given)
    if given or type(model) ~= "userdata" then return given end
    local config = model.config
    return config.max_position_embeddings or config.n_positions
end

local function count_tokens(model, messages)
    if type(model) ~= "userdata" then -- nobody's tokens: three bytes each is on the safe side
        local bytes = 0
        for _, message in ipairs(messages) do bytes = bytes + #message.content end
        return math.ceil(bytes / 3)
    end
    local rendered = model:render(messages, { add_generation_prompt = true })
    return #model.tokenizer:encode(rendered, { special = false })
end

-- The hit with the first `bytes` of its text or a little less, so that no character is cut.
local function shortened(hit, bytes)
    local copy = joined(hit)
    while bytes > 0 and (hit.text:byte(bytes + 1) or 0) % 256 >= 128
        and (hit.text:byte(bytes + 1) or 0) < 192 do
        bytes = bytes - 1
    end
    copy.text = hit.text:sub(1, bytes)
    if hit.span then copy.span = { hit.span[1], hit.span[1] + bytes - 1 } end
    return setmetatable(copy, getmetatable(hit))
end

-- Leaves out the last passages, and cuts the only one, until prompt and answer fit.
local function fit(self, question, hits, opts)
    local limit = context_of(self.model, opts.ctx)
    local reserve = opts.max_tokens or 256
    if not limit then return hits, 0, reserve end
    reserve = math.min(reserve, opts.max_tokens or math.max(1, math.floor(limit / 4)))
    local kept = {}
    for i, hit in ipairs(hits) do kept[i] = hit end
    local function used() return count_tokens(self.model, messages_of(self, question, kept)) end
    local tokens, dropped = used(), 0
    while tokens + reserve > limit and #kept > 1 do
        kept[#kept], dropped = nil, dropped + 1
        tokens = used()
    end
    while tokens + reserve > limit and kept[1] and #kept[1].text > 1 do
        local share = math.max(0.1, math.min(0.9, (limit - reserve) / tokens))
        kept[1] = shortened(kept[1], math.floor(#kept[1].text * share))
        tokens = used()
    end
    if tokens + reserve > limit then
        error(("rag: the question and the prompt take %d tokens, the answer %d; wanted at most %d: "
            .. "ask shorter or give less max_tokens"):format(tokens, reserve, limit), 4)
    end
    return hits_of.new(kept, question), dropped, reserve
end

local function prepare(self, question, opts)
    if type(question) ~= "string" then
        error("rag: given a " .. type(question) .. "; wanted a question", 3)
    end
    opts = joined(self.options, opts)
    local search = {}
    for _, name in ipairs(SEARCH) do search[name] = opts[name] end
    search.k = search.k or 3
    local hits, dropped, reserve = fit(self, question, self.retriever(question, search), opts)
    local given = { max_tokens = reserve }
    for name, value in pairs(opts) do
        if not OWN[name] then given[name] = value end
    end
    return messages_of(self, question, hits), hits, given, dropped
end

--- The messages that a question would be sent as; nothing is asked.
---@param question string
---@param opts? RagOptions for this question
---@return table[]
--- Example: rag:messages("Where does the cat sleep?")[2].content
function Rag:messages(question, opts)
    return (prepare(self, question, opts))
end

function meta.__call(self, question, opts)
    local messages, hits, given, dropped = prepare(self, question, opts)
    local result = ask(self.model, messages, given)
    local answer = {}
    for k, v in pairs(result) do answer[k] = v end
    answer.generation, answer.question, answer.messages = result, question, messages
    answer.hits, answer.dropped = hits, dropped
    answer.citations = citations.check(result.text, hits)
    return setmetatable(answer, answer_meta)
end

function meta.__tostring(self)
    return ("rag with %s over %s"):format(tostring(self.model.name), tostring(self.retriever))
end

-- The text with a mark behind each citation that is not what it claims to be.
local function marked(self)
    local parts, at = {}, 1
    for _, citation in ipairs(self.citations) do
        if citations.doubtful(citation.status) then
            local last = citation.place[2]
            parts[#parts + 1] = self.text:sub(at, last)
            parts[#parts + 1] = (text.unicode() and " ⚠ " or " (!) ") .. citation.status
                .. (citation.found and citation.found ~= citation.n
                    and (": it is in [%d]"):format(citation.found) or "")
                .. (text.unicode() and " ⚠" or " (!)")
            at = last + 1
        end
    end
    return table.concat(parts) .. self.text:sub(at)
end

local function sources(self)
    local lines = {}
    for i, hit in ipairs(self.hits) do
        local span = hit.span and (":%d-%d"):format(hit.span[1], hit.span[2]) or ""
        lines[#lines + 1] = ("[%d] %s%s"):format(i, tostring(hit.source or hit.id or ""), span)
        for _, citation in ipairs(self.citations) do
            if citation.hit == hit and citation.quote then
                local where = citation.span and (" %d-%d"):format(citation.span[1],
                    citation.span[2]) or ""
                lines[#lines + 1] = ("    %s%s  %s"):format(citation.status, where,
                    text.quote(text.cut(citation.quote:gsub("%s+", " "), 50)))
            end
        end
    end
    if self.dropped > 0 then
        lines[#lines + 1] = ("(%d more had no room in the context)"):format(self.dropped)
    end
    return table.concat(lines, "\n")
end

answer_meta.__prose = true
function answer_meta.__tostring(self)
    return marked(self) .. "\n\n" .. sources(self)
end
function answer_meta.__display(self)
    local shown = getmetatable(self.generation).__display(self.generation)
    if shown == self.text then return tostring(self) end
    local doubts = marked(self)
    return (doubts ~= self.text and doubts .. "\n" or "") .. sources(self) .. "\n" .. shown
end
function answer_meta.__concat(a, b) return tostring(a) .. tostring(b) end
function answer_meta.__len(self) return #self.text end

--- Whether every quotation stands where the answer says; true for an answer without any.
---@return boolean
function Answer:verified()
    for _, citation in ipairs(self.citations) do
        if citations.doubtful(citation.status) then return false end
    end
    return true
end

--- A plain copy without metatables, for json.encode or saving.
---@return table
function Answer:table() return Generation.table(self) end

--- One line about the run: tokens, speed, reason to end, seed.
---@return string
function Answer:summary() return self.generation:summary() end

local rag = { new = new, prompt = PROMPT }

--- Gives a model class the method `rag`.
function rag.add_to(Model)
    --- Answers questions from what a retriever finds: call it with a question. The answer's
    --- quotations are checked word for word against the passages.
    ---@param retriever Retriever
    ---@param opts? RagOptions
    ---@return Rag
    --- Example: rag = m:rag(retrievers.new{{"A cat sleeps."}}); rag("Who?", {max_tokens=8})
    function Model:rag(retriever, opts) return new(self, retriever, opts) end
end


return rag
