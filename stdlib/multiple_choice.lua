-- SPDX-License-Identifier: Apache-2.0
-- evals.multiple_choice: of several ways to go on, does the model find the right one the likeliest?
-- As lm-evaluation-harness: acc compares the summed log-likelihoods, acc_norm those divided by the
-- number of characters of the choice, which takes away the advantage of short ones.

local answer = require "moonlet.answer"
local eval = require "moonlet.eval"
local options = require "moonlet.options"
local text = require "moonlet.text"

local evals = {}

---@class MultipleChoiceOptions
---@field prefix? string stands before every question, such as solved examples (default "")
---@field prompt? function function(row) -> the text before the choice (default prefix .. question)
---@field separator? string between question and choice (default " ")
---@field normalize? boolean the value is acc_norm, .raw the other (default false)
---@field level? number of the intervals (default 0.95)
local OPTIONS = options.rows {
    'prefix string ""', "prompt function", 'separator string " "', "normalize boolean false",
    "level number 0.95",
}

local function characters(s)
    local n = 0
    for _ in text.chars(s) do n = n + 1 end
    return n
end

local function right_index(row, i)
    if type(row.choices) ~= "table" or #row.choices < 2 then
        error(("evals.multiple_choice: row %d has no choices; wanted {question=, choices={…}, "
            .. "answer=}"):format(i), 3)
    end
    if type(row.answer) == "number" and row.choices[row.answer] then return row.answer end
    for k, choice in ipairs(row.choices) do
        if choice == row.answer then return k end
    end
    error(("evals.multiple_choice: row %d: answer %s; wanted 1 to %d or one of the choices")
        :format(i, tostring(row.answer), #row.choices), 3)
end

local function best(values)
    local index = 1
    for i = 2, #values do
        if values[i] > values[index] then index = i end
    end
    return index
end

local function accuracy(name, model, rows, scores, more, opts)
    return eval.new({ name = name, model = model, rows = rows, scores = scores, more = more,
        columns = { "question", "prediction", "answer", "score" }, proportion = true,
        statistic = function(indices)
            local sum = 0
            for i = 1, #indices do sum = sum + scores[indices[i]] end
            return sum / #indices
        end }, opts)
end

--- The share of questions whose right choice the model finds likeliest, with Wilson's interval;
--- .normalized is the same per character (.raw with normalize = true).
---@param model any a model that knows probabilities, or its name
---@param rows any {question=, choices={…}, answer=index or text} each
---@param opts? MultipleChoiceOptions
---@return Eval
--- Example: evals.multiple_choice(m, {{question="Once upon a", choices={"time", "car"}, answer=1}})
function evals.multiple_choice(model, rows, opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "evals.multiple_choice")
    model = answer.model(model, "evals.multiple_choice")
    local separator, prefix = opts.separator or " ", opts.prefix or ""
    local details, raw, normalized = {}, {}, {}
    for i = 1, #rows do
        answer.progress(("multiple choice %d/%d"):format(i, #rows))
        local row = rows[i]
        local right = right_index(row, i)
        local context = opts.prompt and opts.prompt(row) or prefix .. tostring(row.question)
        local sums, per_character = {}, {}
        for k, choice in ipairs(row.choices) do
            sums[k] = model:loglikelihood(context, separator .. choice).logprob
            per_character[k] = sums[k] / math.max(1, characters(choice))
        end
        local chosen, chosen_norm = best(sums), best(per_character)
        raw[i], normalized[i] = chosen == right and 1 or 0, chosen_norm == right and 1 or 0
        local shown = opts.normalize and chosen_norm or chosen
        details[i] = { question = row.question, prediction = row.choices[shown],
            answer = row.choices[right], logprobs = sums,
            score = opts.normalize and normalized[i] or raw[i] }
    end
    answer.progress ""
    local name = answer.name(model)
    local first, second = raw, normalized
    if opts.normalize then first, second = normalized, raw end
    local names = opts.normalize and { "acc_norm", "acc" } or { "acc", "acc_norm" }
    local other = accuracy(names[2], name, details, second, {}, opts)
    local result = accuracy(names[1], name, details, first,
        { { names[2], eval.number(other.value) } }, opts)
    result[opts.normalize and "raw" or "normalized"] = other
    return result
end

return evals
