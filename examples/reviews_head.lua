-- SPDX-License-Identifier: Apache-2.0
-- GPT-1's recipe on film reviews: a head on a language model, fine-tuned on a few hundred labels,
-- beside TF-IDF with logistic regression on the same rows. 영화평의 긍정과 부정을 가립니다.
--     moonlet examples/reviews_head.lua
-- The reviews are our own (data/reviews.lua); Naver's film reviews too where the test data has them.

local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
local reviews = dofile(root .. "/examples/data/reviews.lua")
local tfidf = dofile(root .. "/examples/data/tfidf.lua")
local clock = require "moonlet.clock"

local function accuracy(model, rows)
    local texts, right = {}, 0
    for i, row in ipairs(rows) do texts[i] = row.text end
    for i, answer in ipairs(model:classify(texts)) do
        right = right + (answer.label == rows[i].label and 1 or 0)
    end
    return right / #rows
end

local function compare_on(name, train, test, epochs)
    local known, unseen = {}, {}
    for _, row in ipairs(train) do known[row.text] = true end
    for _, row in ipairs(test) do
        if not known[row.text] then unseen[#unseen + 1] = row end
    end
    print(("\n%s: %d reviews to learn from, %d others to judge"):format(name, #train, #unseen))
    local words, pairs_too = tfidf.train(train), tfidf.train(train, { pairs = true })
    print(("  TF-IDF, words            %5.1f %%"):format(100 * words:accuracy(unseen)))
    print(("  TF-IDF, words and pairs  %5.1f %%"):format(100 * pairs_too:accuracy(unseen)))
    local result
    for _, layers in ipairs { "head", "all" } do
        local model, began = models.load("demo", { dtype = "f32" }), clock.now()
        local t = trainers.classify { model = model, data = train, layers = layers, epochs = epochs,
            lr = layers == "head" and 5e-3 or 1e-3, batch_size = 16, seed = 1 }
        t:run()
        result = accuracy(model, unseen)
        print(("  demo model, %-12s %5.1f %%   (%.0f s)"):format(layers == "head" and "head alone"
            or "all layers", 100 * result, clock.now() - began))
        model:release()
    end
    return pairs_too:accuracy(unseen), result
end

local bag, head = compare_on("our reviews", reviews { seed = 1, count = 600 },
    reviews { seed = 2, count = 300 }, 4)

local nsmc = (os.getenv "MOONLET_TEST_DATA" or root .. "/../shared/data") .. "/nsmc"
