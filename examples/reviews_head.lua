-- SPDX-License-Identifier: Apache-2.0
-- GPT-1's recipe on film reviews: a head on a language model, fine-tuned on a few hundred labels,
-- beside TF-IDF with logistic regression on the same rows. 영화평의 긍정과 부정을 가립니다.
--     moonlet examples/reviews_head.lua
-- The reviews are our own (data/reviews.lua); Naver's too where the test data has them.

local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
local reviews = dofile(root .. "/examples/data/reviews.lua")
local tfidf = dofile(root .. "/examples/data/tfidf.lua")

local function accuracy(model, rows)
    local texts, right = {}, 0
    for i, row in ipairs(rows) do texts[i] = row.text end
    for i, answer in ipairs(model:classify(texts)) do
        right = right + (answer.label == rows[i].label and 1 or 0)
    end
    return right / #rows
end

local function compare_on(name, train, test, epochs)
    local known, unseen, result = {}, {}, nil
    for _, row in ipairs(train) do known[row.text] = true end
    for _, row in ipairs(test) do
        if not known[row.text] then unseen[#unseen + 1] = row end
    end
    print(("\n%s: %d reviews to learn from, %d others to judge"):format(name, #train, #unseen))
    local pairs_too = tfidf.train(train, { pairs = true })
    print(("  TF-IDF, words            %5.1f %%"):format(100 * tfidf.train(train):accuracy(unseen)))
    print(("  TF-IDF, words and pairs  %5.1f %%"):format(100 * pairs_too:accuracy(unseen)))
    for _, layers in ipairs { "head", "all" } do
        local model = models.load "demo"
        local t = trainers.classify { model = model, data = train, layers = layers, epochs = epochs,
            lr = layers == "head" and 5e-3 or 1e-3, batch_size = 16, seed = 1 }
        t:run()
        result = accuracy(model, unseen)
        print(("  demo model, %-4s learns  %5.1f %%"):format(layers, 100 * result))
        model:release()
    end
    return pairs_too:accuracy(unseen), result
end

local ours, others = reviews { seed = 1, count = 200 }, reviews { seed = 2, count = 150 }
local bag, head = compare_on("our reviews", ours, others, 2)
print(("\nright beyond word pairs: %+.1f points"):format(100 * (head - bag)))

-- Naver's film reviews: id, text and 0 or 1, separated by tabs.
local function naver(name, count)
    local path = (os.getenv "MOONLET_TEST_DATA" or root .. "/../shared/data") .. "/nsmc/" .. name
    local file, rows = io.open(path, "rb"), {}
    for line in file and file:lines() or function() end do
        local text, label = line:match "^%d+\t(.+)\t([01])%s*$"
        if text and #rows < count then
            rows[#rows + 1] = { text = text, label = label == "1" and "positive" or "negative" }
        end
    end
    if file then file:close() end
    return rows
end
local train, test = naver("ratings_train_2000.txt", 150), naver("ratings_test_500.txt", 100)
if #train > 0 then compare_on("Naver's reviews", train, test, 1) end
