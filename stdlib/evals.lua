-- SPDX-License-Identifier: Apache-2.0
-- How good predictions, answers or a model are, as numbers with intervals. Each function takes
-- predictions and answers that are there already, or a model and rows to ask it about; each gives
-- an Eval (eval.lua). Multiple choice and perplexity are in files of their own. A row that fails
-- counts as wrong and is said; the model is a classifier (m.labels), or any that generates.

local answer = require "moonlet.answer"
local eval = require "moonlet.eval"
local options = require "moonlet.options"
local words = require "moonlet.eval_words"

local evals = {}

---@class EvalOptions: GenerateOptions
---@field prompt? function what is asked: function(row) -> text or messages (default a column)
---@field input? string the column that is asked (default "text", "question" or "prompt")
---@field answer? string the column with the right answer (default "label", "answer" or "answers")
---@field parse? function function(text, row) -> prediction (default: see each function)
---@field chat? boolean give texts as a user's message (default: where the model can)
---@field normalize? string "squad" or "none": how texts are compared (default "none")
---@field average? string of f1: "macro", "micro", "weighted" or "binary" (default "macro")
---@field positive? any the label that binary f1 is of (default true or 1)
---@field level? number of the interval (default 0.95)
---@field resamples? integer of the bootstrap (default 2000)
---@field seed? integer of the bootstrap, and of answers where given (default 1)
local OPTIONS = options.rows {
    "prompt function", "input string", "answer string", "parse function", "chat boolean",
    'normalize string "none"', 'average string "macro"', "positive any", "level number 0.95",
    "resamples integer 2000", "seed integer 1", "max_tokens integer 32", "temperature number",
    "top_k integer", "top_p number", "min_p number", "repetition_penalty number",
    "stop string|table", "system string", "draft any", "draft_tokens integer",
    "ngram_max integer", "ngram_min integer",
}
local GENERATE = { "max_tokens", "temperature", "top_k", "top_p", "min_p", "repetition_penalty",
    "stop", "seed", "chat", "draft", "draft_tokens", "ngram_max", "ngram_min" }

local function column(row, given, names, where, i)
    if given then
        if row[given] == nil then
            error(("%s: row %d has no column '%s'"):format(where, i, given), 4)
        end
        return row[given]
    end
    for _, name in ipairs(names) do
        if row[name] ~= nil then return row[name] end
    end
    error(("%s: row %d has no column %s; say which with input= and answer=")
        :format(where, i, table.concat(names, ", ")), 4)
end

local function list(data, where, what)
    local ok, size = pcall(function() return #data end)
    if (type(data) ~= "table" and type(data) ~= "userdata") or not ok or type(size) ~= "number" then
        error(("%s: %s is a %s; wanted a list"):format(where, what, type(data)), 4)
    end
    if size == 0 then error(where .. ": " .. what .. " is empty; wanted at least one row", 4) end
    return size
end

local function labels_of(model)
    local ok, labels = pcall(function() return model.labels end)
    return ok and type(labels) == "table" and labels or nil
end

-- Asks the model about each row; returns rows {prompt=, prediction=, answer=, error=}.
local function ask_rows(model, data, opts, parse, where)
    local generate = { max_tokens = 32 }
    for _, name in ipairs(GENERATE) do
        if opts[name] ~= nil then generate[name] = opts[name] end
    end
    local size, labels = list(data, where, "the data"), labels_of(model)
    local asked, prompts = {}, {}
    for i = 1, size do
        local row = data[i]
        prompts[i] = opts.prompt and opts.prompt(row)
            or column(row, opts.input, { "text", "question", "prompt" }, where, i)
        asked[i] = { prompt = prompts[i],
            answer = column(row, opts.answer, { "label", "answer", "answers" }, where, i) }
    end
    local given = {}
    if labels then
        for i, prompt in ipairs(prompts) do
            answer.progress(("%s %d/%d"):format(where, i, size))
            local ok, value = pcall(function() return model:classify({ prompt })[1].label end)
            given[i] = { ok = ok, value = value }
        end
        answer.progress ""
    else
        given = answer.ask_all(model, prompts, generate, where)
    end
    local rows, failed, first_error = {}, 0, nil
    for i, result in ipairs(asked) do
        local told = given[i] -- nil: interrupted before
        if told and not told.ok then
            failed, first_error = failed + 1, first_error or told.value
            result.error = tostring(told.value)
        elseif told and labels then
            result.prediction = told.value
        elseif told then
            result.text = told.value.text
            result.prediction = (opts.parse or parse)(result.text, data[i])
        end
        if told then rows[#rows + 1] = result end
    end
    if failed == #rows then error(tostring(first_error or "interrupted"), 0) end
    return rows, failed
end

-- The rows to be scored, from predictions and answers or from a model and data.
local function collect(where, first, second, opts, parse)
    opts = opts or {}
    options.check(opts, OPTIONS, where)
    if answer.is_model(first) or type(first) == "string" then
        local model = answer.model(first, where)
        local rows, failed = ask_rows(model, second, opts, parse, where)
        return rows, answer.name(model), failed, opts
    end
    local size = list(first, where, "the predictions")
    if list(second, where, "the answers") ~= size then
        error(("%s: %d predictions for %d answers; wanted one each"):format(where, size, #second),
            3)
    end
    local rows = {}
    for i = 1, size do rows[i] = { prediction = first[i], answer = second[i] } end
    return rows, "", 0, opts
end

local function mean_of(scores)
    return function(indices)
        local sum = 0
        for i = 1, #indices do sum = sum + scores[indices[i]] end
        return sum / #indices
    end
end

local function failures(failed)
    return failed > 0 and { { "failed", tostring(failed) } } or {}
end

-- An Eval that is the mean of `score(prediction, answer)`.
local function mean_eval(name, rows, model, failed, opts, score, proportion)
    local scores = {}
    for i, row in ipairs(rows) do
        scores[i] = row.error and 0 or score(row.prediction, row.answer)
        row.score = scores[i]
    end
    return eval.new({ name = name, model = model, rows = rows, scores = scores,
        columns = { "prediction", "answer", "score" }, statistic = mean_of(scores),
        proportion = proportion, more = failures(failed) }, opts)
end

local function trim(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end

-- A model that writes names a label somewhere: the first one that stands in its text.
local function label_parser(data, opts)
    local labels, seen = {}, {}
    return function(written)
        if #labels == 0 then
            for i = 1, #data do
                local label = data[i][opts and opts.answer or "label"]
                if label == nil then label = data[i].answer end
                if label ~= nil and not seen[label] then
                    seen[label] = true
                    labels[#labels + 1] = label
                end
            end
        end
        local found, place
        local lower = written:lower()
        for _, label in ipairs(labels) do
            local at = lower:find(tostring(label):lower(), 1, true)
            local longer = at and place == at and #tostring(label) > #tostring(found)
            if at and (not place or at < place or longer) then found, place = label, at end
        end
        if found ~= nil then return found end
        return trim(written)
    end
end

--- The share of predictions that equal their label, with Wilson's interval. With a model: a
--- classifier's label, or the first label that stands in what it writes.
---@param first any predictions, or a model (or its name)
---@param second any labels, or rows with the columns text and label
---@param opts? EvalOptions
---@return Eval
--- Example: evals.accuracy({"cat", "dog", "dog"}, {"cat", "dog", "cat"}).value
function evals.accuracy(first, second, opts)
    local rows, model, failed
    rows, model, failed, opts = collect("evals.accuracy", first, second, opts,
        label_parser(second, opts))
    return mean_eval("accuracy", rows, model, failed, opts,
        function(a, b) return a == b and 1 or 0 end, true)
end

--- The share of texts that are exactly one of the right answers, with Wilson's interval. Blanks
--- around do not count; normalize = "squad" also ignores case, punctuation and a, an, the.
---@param first any texts, or a model (or its name)
---@param second any answers (each a text or a list of them), or rows with question and answer
---@param opts? EvalOptions
---@return Eval
--- Example: evals.exact_match({"The Moon."}, {"moon"}, {normalize="squad"}).value
function evals.exact_match(first, second, opts)
    local rows, model, failed
    rows, model, failed, opts = collect("evals.exact_match", first, second, opts, trim)
    local how = words.normalizer(opts.normalize or "none", "evals.exact_match")
    return mean_eval("exact match", rows, model, failed, opts, function(a, b)
        return words.best(a, b, function(x, y) return how(x) == how(y) and 1 or 0 end)
    end, true)
end

--- How many words a text shares with the right answer: SQuAD's F1 of words, case, punctuation and
--- a, an, the ignored, the best of several answers; the mean over rows, bootstrap interval.
---@param first any texts, or a model (or its name)
---@param second any answers (each a text or a list of them), or rows with question and answer
---@param opts? EvalOptions
---@return Eval
--- Example: evals.token_f1({"the white moon"}, {{"moon", "a full moon"}}).value
function evals.token_f1(first, second, opts)
    local rows, model, failed
    rows, model, failed, opts = collect("evals.token_f1", first, second, opts, trim)
    return mean_eval("token f1", rows, model, failed, opts, function(a, b)
        return words.best(a, b, words.f1)
    end)
end

-- F1 of labels on some of the rows: counts, then the mean that `average` says.
local function label_f1(predicted, wanted, average, positive)
    return function(indices)
        local hits, said, there, labels = {}, {}, {}, {}
        for i = 1, #indices do
            local p, w = predicted[indices[i]], wanted[indices[i]]
            for _, label in ipairs { p, w } do
                if not said[label] then
                    hits[label], said[label], there[label] = 0, 0, 0
                    labels[#labels + 1] = label
                end
            end
            said[p], there[w] = said[p] + 1, there[w] + 1
            if p == w then hits[p] = hits[p] + 1 end
        end
        local function of(label)
            local sum = (said[label] or 0) + (there[label] or 0)
            return sum > 0 and 2 * hits[label] / sum or 0
        end
        if average == "binary" then return of(positive) end
        local sum, all = 0, 0
        for _, label in ipairs(labels) do
            if average == "micro" then sum = sum + hits[label]
            elseif average == "weighted" then sum = sum + there[label] * of(label)
            else sum = sum + of(label) end
            all = all + 1
        end
        return sum / (average == "macro" and all or #indices)
    end
end

--- F1 of labels: the mean over labels (macro), over rows (micro), by how often they occur
--- (weighted), or that of one label (binary); bootstrap interval. scikit-learn's f1_score.
---@param first any predictions, or a model (or its name)
---@param second any labels, or rows with the columns text and label
---@param opts? EvalOptions
---@return Eval
--- Example: evals.f1({"cat", "dog", "dog"}, {"cat", "dog", "cat"}, {average="macro"}).value
function evals.f1(first, second, opts)
    local rows, model, failed
    rows, model, failed, opts = collect("evals.f1", first, second, opts,
        label_parser(second, opts))
    local average = opts.average or "macro"
    if not ("macro micro weighted binary"):find(average, 1, true) then
        error(('evals.f1: average "%s"; wanted "macro", "micro", "weighted" or "binary"')
            :format(average), 2)
    end
    local predicted, wanted, scores, positive = {}, {}, {}, opts.positive
    for i, row in ipairs(rows) do
        predicted[i] = row.prediction == nil and "\0failed" or row.prediction
        wanted[i] = row.answer
        scores[i] = predicted[i] == wanted[i] and 1 or 0
        row.score = scores[i]
        local yes = row.answer == true or row.answer == 1
        if positive == nil and yes then positive = row.answer end
    end
    if average == "binary" and positive == nil then
        error('evals.f1: average "binary" of which label? say positive="…"', 2)
    end
    return eval.new({ name = "f1 " .. average, model = model, rows = rows, scores = scores,
        columns = { "prediction", "answer", "score" }, more = failures(failed),
        statistic = label_f1(predicted, wanted, average, positive) }, opts)
end

---@class PairedOptions
---@field resamples? integer how often the rows are drawn anew (default 10000)
---@field seed? integer of the bootstrap (default 1)
---@field level? number of the interval (default 0.95)
local PAIRED = options.rows { "resamples integer 10000", "seed integer 1", "level number 0.95" }

--- Whether two evaluations of the same rows differ: both numbers on the same resampled rows, many
--- times (paired bootstrap; Efron & Tibshirani 1993). p is two-sided.
---@param a Eval of one model
---@param b Eval of another, on the same rows
---@param opts? PairedOptions
---@return EvalDifference
--- Example: evals.paired(evals.accuracy({1, 1}, {1, 2}), evals.accuracy({2, 2}, {1, 2})).p
function evals.paired(a, b, opts)
    opts = opts or {}
    options.check(opts, PAIRED, "evals.paired")
    if not (eval.is(a) and eval.is(b)) then
        error("evals.paired: wanted two results of evals, as evals.accuracy(model, data) gives", 2)
    end
    if a.n ~= b.n or a.name ~= b.name then
        error(("evals.paired: %s of %d rows and %s of %d; wanted the same measure of the same rows")
            :format(a.name, a.n, b.name, b.n), 2)
    end
    return eval.difference(a, b, { resamples = opts.resamples or 10000, seed = opts.seed or 1,
        level = opts.level or eval.LEVEL })
end

return evals
