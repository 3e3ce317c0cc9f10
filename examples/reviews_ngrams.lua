-- SPDX-License-Identifier: Apache-2.0
-- Film reviews by a bag of character n-grams that learns its vectors (the fasttext family), beside
-- TF-IDF with logistic regression. 한국어는 어절보다 글자 묶음이 잘 듣습니다.
--     moonlet examples/reviews_ngrams.lua
-- Naver's film reviews where the test data has them (2,000 to learn, 500 to judge), else our own.

local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
local reviews = dofile(root .. "/examples/data/reviews.lua")
local tfidf = dofile(root .. "/examples/data/tfidf.lua")

local nsmc = (os.getenv "MOONLET_TEST_DATA" or root .. "/../shared/data") .. "/nsmc/ratings_"
local ok, train, test = pcall(function()
    local function load(name)
        local data = datasets.load(nsmc .. name, { reader = "tsv" })
        return data:map(function(row)
            return { text = tostring(row.document), label = tostring(row.label) }
        end):table()
    end
    return load "train_2000.txt", load "test_500.txt"
end)
if not ok then
    print "Naver's reviews are not here: ours instead"
    train, test = reviews { seed = 1, count = 240 }, reviews { seed = 2, count = 200 }
end
print(("%d reviews to learn from, %d to judge"):format(#train, #test))

local texts, judged, labels = {}, {}, {}
for i, row in ipairs(train) do texts[i] = row.text end
for i, row in ipairs(test) do judged[i], labels[i] = row.text, row.label end
local tokenizer = tokenizers.train { texts = texts, kind = "char", min_frequency = 1,
    special_tokens = { "<s>", "</s>" } }
local model = models.new { family = "fasttext", tokenizer = tokenizer, hidden_size = 16,
    buckets = 32768, initializer_range = 0.02, seed = 1 }
-- Chosen by four-fold cross-validation on the reviews to learn from, not on those to judge.
local t = trainers.classify { model = model, data = train, lr = 2e-3, batch_size = 32, seed = 1,
    epochs = #train < 1000 and 40 or 6, token_dropout = 0.15, schedule = "linear" }
t:run()

local function predicted(bag)
    local list = {}
    for i, text in ipairs(judged) do list[i] = bag:predict(text) end
    return list
end
local ours = {}
for i, answer in ipairs(model:classify(judged)) do ours[i] = answer.label end
local words = evals.accuracy(predicted(tfidf.train(train)), labels)
local chars = evals.accuracy(predicted(tfidf.train(train, { chars = 4 })), labels)
local mine = evals.accuracy(ours, labels)
local function show(name, eval)
    print(("%-44s %5.1f %%   95 %% between %.1f and %.1f"):format(name, 100 * eval.value,
        100 * eval.ci.low, 100 * eval.ci.high))
end
show("TF-IDF and logistic regression, words", words)
show("TF-IDF and logistic regression, characters", chars)
show("n-grams that learn", mine)
print(evals.paired(mine, chars))
print(("right beyond TF-IDF of words: %+.1f points"):format(100 * (mine.value - words.value)))
