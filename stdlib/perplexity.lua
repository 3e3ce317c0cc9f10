-- SPDX-License-Identifier: Apache-2.0
-- evals.perplexity: how well a model foretells texts, per token and per byte. Texts longer than the
-- context are read in windows (Model:rolling_loglikelihood). Resamples whole texts, since the
-- tokens of one are no independent sample.

local answer = require "moonlet.answer"
local eval = require "moonlet.eval"
local options = require "moonlet.options"

local evals = {}

---@class PerplexityOptions
---@field input? string the column of rows that holds the text (default "text")
---@field max_length? integer tokens of a window (default the model's context)
---@field stride? integer tokens the window is moved on (default half of max_length)
---@field level? number of the interval (default 0.95)
---@field resamples? integer of the bootstrap (default 2000)
---@field seed? integer of the bootstrap (default 1)
local OPTIONS = options.rows {
    'input string "text"', "max_length integer", "stride integer", "level number 0.95",
    "resamples integer 2000", "seed integer 1",
}

local function text_of(row, name, i)
    local value = row
    if type(row) ~= "string" then value = row[name] end
    if type(value) == "string" and value ~= "" then return value end
    error(("evals.perplexity: row %d has no text; wanted strings, or rows with a column '%s'")
        :format(i, name), 3)
end

-- exp of -sum of log-likelihoods / sum of units, over the chosen rows.
local function ratio(rows, unit)
    return function(indices)
        local logprob, units = 0, 0
        for i = 1, #indices do
            local row = rows[indices[i]]
            logprob, units = logprob + row.logprob, units + row[unit]
        end
        return math.exp(-logprob / units)
    end
end

--- Perplexity of texts: exp of the mean negative log-likelihood per token. The Eval also has
--- per_byte (the same per byte), bits_per_byte and tokens. Bytes compare models of different
--- tokenizers, tokens do not. Interval: bootstrap over texts (one text has none: low = high).
---@param model any a model that knows probabilities, or its name
---@param texts any a text, texts, or rows with a text
---@param opts? PerplexityOptions
---@return Eval
--- Example: evals.perplexity(m, {"Once upon a time", "there was a king"}).bits_per_byte
function evals.perplexity(model, texts, opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "evals.perplexity")
    model = answer.model(model, "evals.perplexity")
    if type(texts) == "string" then texts = { texts } end
    local ok, method = pcall(function() return model.rolling_loglikelihood end)
    if not ok or type(method) ~= "function" then
        error("evals.perplexity: this model gives no probabilities of texts; wanted one from "
            .. "models.load", 2)
    end
    local rows, tokens, windows = {}, 0, { max_length = opts.max_length, stride = opts.stride }
    for i = 1, #texts do
        answer.progress(("perplexity %d/%d"):format(i, #texts))
        local text = text_of(texts[i], opts.input or "text", i)
        local row = model:rolling_loglikelihood(text, windows)
        row.text, row.perplexity = text, math.exp(-row.logprob / row.tokens)
        rows[i], tokens = row, tokens + row.tokens
    end
    answer.progress ""
    local scores, all = {}, {}
    for i, row in ipairs(rows) do scores[i], all[i] = row.logprob / row.tokens, i end
    if #rows == 0 then error("evals.perplexity: no texts; wanted at least one", 2) end
    local per_byte = ratio(rows, "bytes")(all)
    local bits = math.log(per_byte) / math.log(2)
    local result = eval.new({ name = "perplexity", model = answer.name(model), rows = rows,
        scores = scores, columns = { "text", "tokens", "perplexity" },
        statistic = ratio(rows, "tokens"), more = {
            { "per byte", eval.number(per_byte) }, { "bits/byte", eval.number(bits) },
            { "tokens", tostring(tokens) } } }, opts)
    result.per_byte, result.bits_per_byte, result.tokens = per_byte, bits, tokens
    return result
end

return evals
