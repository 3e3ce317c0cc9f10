-- SPDX-License-Identifier: Apache-2.0
-- compare(models, prompts): the same questions to several models, answers side by side with their
-- speed, the memory of the model and what differs from the first column. A model that fails has its
-- error in its cell, and the others go on. Works with every model that generates; it measures
-- nothing itself, the numbers are the Generations'.

local answer = require "moonlet.answer"
local class = require "moonlet.class"
local options = require "moonlet.options"
local session = require "moonlet.session"
local text = require "moonlet.text"
local word_diff = require "moonlet.word_diff"

---@class Comparison
---@field models table[] {name=, bytes=, model=} by column; bytes nil where there are none to say
---@field prompts any[] what was asked, by row
---@field rows table[] rows[i][j]: the Generation of model j to prompt i; {error=} where it failed
---@field seed integer the seed all were given, nil when nothing was drawn
---@field interrupted boolean Ctrl-C ended it; rows are what there was
local meta, Comparison = class("Comparison")

-- A cell without an answer: reads like a Generation that is empty.
local failed_meta = { __tostring = function(self)
    local line = self.error:gsub("%s+", " ")
    return "error: " .. (#line > 300 and line:sub(1, 300) .. "…" or line)
end }

local function failed(problem)
    return setmetatable({ error = tostring(problem), text = "", tokens = {}, usage = {},
        timings = {}, finish_reason = "error" }, failed_meta)
end

---@class CompareOptions: GenerateOptions
---@field chat? boolean give texts as a user's message (default: where the model can)
local OPTIONS = options.rows {
    "chat boolean", "max_tokens integer 128", "temperature number", "top_k integer",
    "top_p number", "min_p number", "repetition_penalty number", "stop string|table",
    "seed integer", "logprobs boolean|integer", "do_sample boolean", "ignore_eos boolean",
    "special boolean", "skip_special boolean", "draft any", "draft_tokens integer",
    "ngram_max integer", "ngram_min integer",
    "overflow string", "sinks integer",
}

local function check_list(value, what, wanted)
    if type(value) == "table" and #value > 0 and not answer.is_model(value) then return end
    error(("compare: %s is %s; wanted %s"):format(what,
        type(value) == "table" and "an empty list or one thing" or "a " .. type(value), wanted), 3)
end

-- Columns {name=, bytes=, model=, problem=}; two of one name are told apart.
local function columns_of(models)
    local columns, seen = {}, {}
    for i, given in ipairs(models) do
        local ok, model = pcall(answer.model, given, "compare")
        local name = ok and answer.name(model) or tostring(given)
        seen[name] = (seen[name] or 0) + 1
        if seen[name] > 1 then name = ("%s (%d)"):format(name, seen[name]) end
        local known, bytes = pcall(function() return model.bytes end)
        columns[i] = { name = name, model = ok and model or nil, problem = not ok and model or nil,
            bytes = ok and known and type(bytes) == "number" and bytes or nil }
    end
    return columns
end

local moonlet = {}

--- Asks several models the same and shows the answers side by side: text, tokens per second,
--- memory, and the words that differ from the first model's. With a temperature all get one seed.
---@param models any[] models, or names that models.load knows
---@param prompts any texts, or lists of messages; or one text
---@param opts? CompareOptions
---@return Comparison
--- Example: compare({m, models.scripted{"A cat."}}, {"Who is it?"}, {max_tokens=8}).rows[1][2]
function moonlet.compare(models, prompts, opts)
    if type(prompts) == "string" then prompts = { prompts } end
    check_list(models, "the first argument", "a list of models: compare({m, n}, {\"…\"})")
    check_list(prompts, "the second argument", "a list of prompts: compare({m, n}, {\"…\"})")
    opts = opts or {}
    options.check(opts, OPTIONS, "compare")
    local given = { max_tokens = 128 }
    for k, v in pairs(opts) do given[k] = v end
    if not given.seed and (given.temperature or 0) > 0 then
        given.seed = require("moonlet_base").session.draw()
    end
    local self = setmetatable({ models = columns_of(models), prompts = prompts, rows = {},
        seed = given.seed, interrupted = false }, meta)
    for i, prompt in ipairs(prompts) do
        self.rows[i] = {}
        for j, column in ipairs(self.models) do
            answer.progress(("compare %d/%d  %s"):format(i, #prompts, column.name))
            local ok, result = false, column.problem
            if column.model then
                ok, result = pcall(answer.ask, column.model, prompt, given)
            end
            self.rows[i][j] = ok and result or failed(result)
            if ok and result.interrupted then
                self.interrupted = true
                answer.progress ""
                return self
            end
        end
    end
    answer.progress ""
    return self
end

--- Plain tables, by prompt: {prompt=, answers={{model=, text=, error=, tokens=,
--- tokens_per_second=, bytes=}…}}.
---@return table[]
function Comparison:table()
    local rows = {}
    for i, cells in ipairs(self.rows) do
        local answers = {}
        for j, cell in ipairs(cells) do
            answers[j] = { model = self.models[j].name, text = cell.text, error = cell.error,
                tokens = cell.usage.completion_tokens, bytes = self.models[j].bytes,
                tokens_per_second = self:speed(i, j) }
        end
        rows[i] = { prompt = self.prompts[i], answers = answers }
    end
    return rows
end

--- Tokens per second that model j wrote the answer to prompt i with; nil where it is not known.
---@param i integer the prompt
---@param j integer the model
---@return number
--- Example: compare({m}, {"Once"}, {max_tokens=4, chat=false}):speed(1, 1)
function Comparison:speed(i, j)
    local cell = self.rows[i] and self.rows[i][j]
    local seconds = cell and cell.timings.completion_seconds
    local tokens = cell and cell.usage.completion_tokens
    if seconds and seconds > 0 and tokens and tokens > 1 then return tokens / seconds end
end

--- What changed from the first model's answer to model j's, as [-gone-] {+come+}.
---@param i integer the prompt
---@param j integer the model, 2 or more
---@return string
--- Example: compare({models.scripted{"a b"}, models.scripted{"a c"}}, {"?"}):diff(1, 2)
function Comparison:diff(i, j)
    local cells = self.rows[i] or {}
    if not (cells[1] and cells[j]) then
        error(("diff: no answer %s, %s; there are %d prompts and %d models")
            :format(tostring(i), tostring(j), #self.rows, #self.models), 2)
    end
    local runs = word_diff.runs(cells[1].text, cells[j].text)
    return word_diff.text(runs)
end

local function bytes_text(bytes)
    local units, k = { "B", "KB", "MB", "GB", "TB" }, 1
    while bytes >= 1000 and k < #units do bytes, k = bytes / 1000, k + 1 end
    return (k == 1 and "%d %s" or "%.1f %s"):format(bytes, units[k])
end

-- What stands under an answer: first what is the same every time, then the speed.
local function facts(self, i, j)
    local cell, bytes, lines = self.rows[i][j], self.models[j].bytes, {}
    local parts = bytes and { bytes_text(bytes) } or {}
    if not cell.error then
        table.insert(parts, 1, ("%d tokens"):format(cell.usage.completion_tokens or 0))
        table.insert(parts, 2, cell.finish_reason)
    end
    if #parts > 0 then lines[1] = "(" .. table.concat(parts, " · ") .. ")" end
    local speed = self:speed(i, j)
    if speed then lines[#lines + 1] = ("(%.1f tok/s)"):format(speed) end
    return lines
end

local function prompt_text(prompt)
    if type(prompt) == "string" then return prompt end
    local last = prompt[#prompt]
    return type(last) == "table" and tostring(last.content) or "token ids"
end

-- Blocks of lines beside each other, each padded to its column.
local function beside(blocks, width, bar)
    local lines, height = {}, 0
    for _, block in ipairs(blocks) do height = math.max(height, #block) end
    for n = 1, height do
        local cells = {}
        for j, block in ipairs(blocks) do cells[j] = text.pad(block[n] or "", width) end
        lines[n] = ("  " .. table.concat(cells, bar)):gsub("%s+$", "")
    end
    return lines
end

local function append(lines, more)
    for _, line in ipairs(more) do lines[#lines + 1] = line end
end

-- The difference as wrapped lines.
local function diff_lines(self, i, j, color)
    local cells = self.rows[i]
    if j == 1 or cells[1].error or cells[j].error then return {} end
    local same = cells[1].text == cells[j].text
    if same then return { "  " .. self.models[j].name .. ": the same" } end
    local runs, share = word_diff.runs(cells[1].text, cells[j].text)
    if share < 0.25 then
        return { ("  %s: %.0f %% of the words are the same"):format(self.models[j].name,
            100 * share) }
    end
    local shown = self.models[j].name .. ": " .. word_diff.text(runs)
    local lines = text.wrap(shown, session.width - 4)
    if color then lines = word_diff.colored(lines) end
    for n, line in ipairs(lines) do lines[n] = "  " .. line end
    return lines
end

local function render(self, color)
    local count = #self.models
    local bar = text.unicode() and " │ " or " | "
    local width = math.floor((session.width - 3 - 3 * (count - 1)) / count)
    local stacked = width < 16
    if stacked then width = session.width - 5 end
    local lines = {}
    for i, cells in ipairs(self.rows) do
        if i > 1 then lines[#lines + 1] = "" end
        lines[#lines + 1] = text.cut(("%d. %s"):format(i,
            (prompt_text(self.prompts[i]):gsub("%s+", " "))), session.width - 1)
        local blocks = {}
        for j, cell in ipairs(cells) do
            local block = { text.cut(self.models[j].name, width) }
            block[2] = (text.unicode() and "─" or "-"):rep(math.min(width, text.width(block[1])))
            append(block, text.wrap(cell.error and tostring(cell) or cell.text, width))
            for _, line in ipairs(facts(self, i, j)) do append(block, text.wrap(line, width)) end
            blocks[j] = block
        end
        if stacked then
            for _, block in ipairs(blocks) do append(lines, beside({ block }, width, bar)) end
        else
            append(lines, beside(blocks, width, bar))
        end
        for j = 2, #cells do append(lines, diff_lines(self, i, j, color)) end
    end
    if self.seed then lines[#lines + 1] = ("seed %.0f"):format(self.seed) end
    if self.interrupted then lines[#lines + 1] = "interrupted: this is what there was" end
    return table.concat(lines, "\n")
end

function meta.__tostring(self) return render(self, false) end
function meta.__display(self) return render(self, session.color) end

return moonlet
