-- SPDX-License-Identifier: Apache-2.0
-- Evaluations against scikit-learn, SciPy and transformers (scripts/golden/evals.py), and what an
-- Eval promises.
local t = require "spec"
local evals = {}
for _, file in ipairs { "evals", "perplexity", "multiple_choice" } do
    for name, f in pairs(require("moonlet." .. file)) do evals[name] = f end
end
local models = require "moonlet.scripted"
local statistics = require "moonlet.statistics"

local function golden()
    local ok, moonlet = pcall(require, "moonlet")
    if not (ok and moonlet.json) then t.skip "no JSON here" end
    return moonlet.json.decode(t.read(t.path "tests/golden/evals/evals.json"))
end

local function engine()
    local ok, moonlet = pcall(require, "moonlet")
    if not (ok and moonlet.models and moonlet.models.new) then t.skip "no engine in this build" end
    return moonlet
end

t.test("accuracy and F1 of every average are scikit-learn's", function()
    for _, case in ipairs(golden().labels) do
        local p, l = case.predictions, case.labels
        t.near(evals.accuracy(p, l).value, case.accuracy, 1e-12)
        for _, average in ipairs { "macro", "micro", "weighted" } do
            t.near(evals.f1(p, l, { average = average }).value, case[average], 1e-12, average)
        end
        t.near(evals.f1(p, l, { average = "binary", positive = case.positive }).value,
            case.binary, 1e-12)
    end
    t.near(evals.f1({ true, false, true }, { true, true, true }, { average = "binary" }).value,
        0.8, 1e-12)
    t.error(function() evals.f1({ "a" }, { "a" }, { average = "binary" }) end, "positive=")
    t.error(function() evals.f1({ "a" }, { "a" }, { average = "mean" }) end, "macro")
end)

t.test("Wilson's interval is SciPy's", function()
    for _, row in ipairs(golden().wilson) do
        local low, high = statistics.wilson(row.k, row.n, row.level)
        t.near(low, row.low, 1e-9)
        t.near(high, row.high, 1e-9)
    end
    local answers = {}
    for i = 1, 10 do answers[i] = i <= 8 end
    local ci = evals.accuracy(answers, { true, true, true, true, true, true, true, true, true,
        true }).ci
    t.eq(ci.method, "wilson")
    t.near(ci.low, 0.490162, 1e-6)
end)

-- Evals of given scores: words whose F1 they are would be roundabout.
local function of_scores(scores)
    local eval = require "moonlet.eval"
    return eval.new({ name = "score", scores = scores, rows = {}, statistic = function(indices)
        local sum = 0
        for i = 1, #indices do sum = sum + scores[indices[i]] end
        return sum / #indices
    end }, { resamples = 20000 })
end

t.test("bootstrap and paired bootstrap come near SciPy's, and a seed has them again", function()
    local g = golden()
    local a = of_scores(g.bootstrap.scores)
    t.near(a.value, g.bootstrap.value, 1e-12)
    t.near(a.ci.low, g.bootstrap.low, 0.003)
    t.near(a.ci.high, g.bootstrap.high, 0.003)
    local b = of_scores(g.paired.other)
    local d = evals.paired(a, b, { resamples = 40000, seed = 3 })
    t.near(d.value, g.paired.value, 1e-12)
    t.near(d.ci.low, g.paired.low, 0.001)
    t.near(d.ci.high, g.paired.high, 0.001)
    t.near(d.p, g.paired.p, 0.003)
    t.eq(evals.paired(a, b, { resamples = 500, seed = 7 }).ci,
        evals.paired(a, b, { resamples = 500, seed = 7 }).ci)
    t.ok(evals.paired(a, b, { resamples = 500, seed = 8 }).ci.low
        ~= evals.paired(a, b, { resamples = 500, seed = 7 }).ci.low)
    t.eq(evals.paired(a, a, { resamples = 100 }).p, 1)
    t.match(tostring(d), "^score 0%.%d+ %- 0%.%d+ = %-0%.%d+  %[")
    t.error(function() evals.paired(a, of_scores { 1, 2 }) end, "same rows")
    t.error(function() evals.paired(a, 1) end, "two results")
end)

t.test("math.random goes on as if nothing had been drawn", function()
    math.randomseed(5)
    local first = math.random()
    math.randomseed(5)
    of_scores { 1, 2, 3 }
    t.eq(math.random(), first)
end)

t.test("exact match and words shared are SQuAD's", function()
    for _, row in ipairs(golden().words) do
        local e = evals.exact_match({ row.prediction }, { row.answers }, { normalize = "squad" })
        t.eq(e.value, row.exact, row.prediction)
        t.near(evals.token_f1({ row.prediction }, { row.answers }).value, row.f1, 1e-12)
    end
    t.eq(evals.exact_match({ "Moon", " moon\n" }, { "moon", "moon" }).scores, { 0, 1 })
    t.error(function() evals.exact_match({ "a" }, { "a" }, { normalize = "x" }) end, "squad")
end)

t.test("a model that writes is asked row by row", function()
    local m = models.scripted(function(messages)
        local text = messages[#messages].content
        if text:find "broken" then error("no connection", 0) end
        return text:find "good" and "I say: Positive." or "negative, not positive"
    end)
    local rows = { { text = "good", label = "positive" }, { text = "bad", label = "negative" },
        { text = "so so", label = "positive" } }
    local e = evals.accuracy(m, rows)
    t.eq(e.scores, { 1, 1, 0 })
    t.eq(e.rows[3].prediction, "negative")
    t.eq(e.model, "scripted")
    t.match(tostring(e), "accuracy 0.6667  [0.2077, 0.9385]  n=3 · scripted", true)
    rows[4] = { text = "broken", label = "positive" }
    e = evals.accuracy(m, rows, { prompt = function(row) return "Rate: " .. row.text end })
    t.eq(e.scores, { 1, 1, 0, 0 })
    t.match(e.rows[4].error, "no connection", true)
    t.match(tostring(e), "failed 1", true)
    t.eq(m.requests[#m.requests].messages[1].content, "Rate: broken")
    t.error(function() evals.accuracy(m, { rows[4] }) end, "no connection")
    local parse = function(text) return #text end
    t.eq(evals.accuracy(m, { { text = "good", label = 16 } }, { parse = parse }).value, 1)
    local q = models.scripted { "the Moon", cycle = true }
    t.eq(evals.exact_match(q, { { question = "what?", answers = { "sun", "moon" } } },
        { normalize = "squad" }).value, 1)
    t.eq(evals.token_f1(q, { { question = "what?", answer = "full moon" } }).rows[1].score, 2 / 3)
end)

t.test("a classifier is asked for its label", function()
    local m = { name = "classifier", labels = { "cat", "dog" }, generate = function() end,
        classify = function(_, texts)
            return { { label = texts[1]:find "purr" and "cat" or "dog", score = 0.9 } }
        end }
    local rows = { { text = "it purrs", label = "cat" }, { text = "it barks", label = "dog" },
        { text = "it sleeps", label = "cat" } }
    t.eq(evals.accuracy(m, rows).scores, { 1, 1, 0 })
    t.near(evals.f1(m, rows).value, 2 / 3, 1e-12)
    t.eq(evals.accuracy(m, rows, { input = "text", answer = "label" }).model, "classifier")
end)

t.test("what is wrong is said", function()
    t.error(function() evals.accuracy({ 1 }, { 1, 2 }) end, "1 predictions for 2 answers")
    t.error(function() evals.accuracy({}, {}) end, "at least one")
    t.error(function() evals.accuracy(3, { 1 }) end, "wanted a list")
    t.error(function() evals.accuracy({ 1 }, { 1 }, { levle = 0.9 }) end, "did you mean level")
    local m = models.scripted { "x", cycle = true }
    t.error(function() evals.accuracy(m, { { body = "x" } }) end, "no column text")
    t.error(function() evals.exact_match(m, { { text = "x", y = 1 } }, { answer = "z" }) end,
        "no column 'z'")
    t.error(function() evals.perplexity(m, { "x" }) end, "no probabilities")
end)

t.test("values convert and print", function()
    local long = {}
    for i = 1, 12 do long[i] = "서울은 한국의 수도이고 큰 도시입니다 " .. i end
    local e = evals.exact_match(long, long)
    t.match(tostring(e), "… 4 more rows in .rows", true)
    local plain = e:table()
    t.eq({ plain.value, plain.n, #plain.rows, getmetatable(plain) }, { 1, 12, 12, nil })
end)

t.test("perplexity of texts, whole and in windows, is transformers'", function()
    local m = engine().models.load(t.path "tests/golden/generation/llama")
    for _, row in ipairs(golden().texts) do
        for name, wanted in pairs(row.windows) do
            local length, stride = name:match "(%d+),(%d+)"
            local got = m:rolling_loglikelihood(row.text,
                { max_length = tonumber(length), stride = tonumber(stride) })
            t.eq({ got.tokens, got.bytes }, { wanted.tokens, row.bytes }, name)
            t.near(got.logprob, wanted.logprob, 1e-4 * math.abs(wanted.logprob), name)
        end
    end
    local texts, logprob, tokens, bytes = {}, 0, 0, 0
    for i, row in ipairs(golden().texts) do
        texts[i] = { text = row.text }
        logprob, tokens = logprob + row.windows["16,8"].logprob, tokens + row.windows["16,8"].tokens
        bytes = bytes + row.bytes
    end
    local e = evals.perplexity(m, texts, { max_length = 16 })
    t.near(e.value / math.exp(-logprob / tokens), 1, 1e-4)
    t.near(e.per_byte / math.exp(-logprob / bytes), 1, 1e-4)
    t.near(e.bits_per_byte, -logprob / bytes / math.log(2), 1e-3)
    t.eq(e.tokens, tokens)
    t.ok(e.ci.low <= e.value and e.value <= e.ci.high)
    t.error(function() evals.perplexity(m, { "x" }, { max_length = 4, stride = 4 }) end, "stride 4")
    t.error(function() evals.perplexity(m, { "x" }, { max_length = 100000 }) end, "context")
    t.error(function() evals.perplexity(m, { "" }) end, "row 1 has no text")
end)

t.test("multiple choice chooses as transformers' likelihoods do", function()
    local m = engine().models.load(t.path "tests/golden/generation/llama")
    local rows = golden().choices
    local e = evals.multiple_choice(m, rows)
    local norm = evals.multiple_choice(m, rows, { normalize = true })
    for i, row in ipairs(rows) do
        for k, logprob in ipairs(row.logprobs) do
            t.near(e.rows[i].logprobs[k], logprob, 1e-3)
        end
        t.eq(e.rows[i].prediction, row.choices[row.acc])
        t.eq(e.scores[i], row.acc == row.answer and 1 or 0)
        t.eq(e.normalized.scores[i], row.acc_norm == row.answer and 1 or 0)
        t.eq(norm.rows[i].prediction, row.choices[row.acc_norm])
    end
    t.eq({ e.name, norm.name, norm.raw.value }, { "acc", "acc_norm", e.value })
    t.error(function() evals.multiple_choice(m, { { question = "x", choices = { "a" } } }) end,
        "no choices")
    t.error(function()
        evals.multiple_choice(m, { { question = "x", choices = { "a", "b" }, answer = 3 } })
    end, "answer 3")
end)

t.done()
