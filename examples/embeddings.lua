-- SPDX-License-Identifier: Apache-2.0
-- Similarity of sentences by embeddings: a table of cosines, the nearest to each, an outlier.
-- 문장의 뜻이 가까운 정도를 임베딩으로 잽니다. (MiniLM은 영어로 학습한 모델입니다.)
--     moonlet examples/embeddings.lua

local bars = require "moonlet.bars"
local text = require "moonlet.text"

local e = models.load "minilm"
local sentences = { "A cat sleeps on the sofa.", "A kitten is napping on the couch.",
    "The dog chases a ball.", "Stock prices fell sharply today.", "The market lost four percent.",
    "고양이가 소파에서 잔다." }
local vectors = e:embed(sentences) -- rows of length 1, so the products are cosines
local cosines = vectors:matmul(vectors:transpose()):table()
print(e, vectors)

for i, sentence in ipairs(sentences) do
    local order = {}
    for j = 1, #sentences do
        if j ~= i then order[#order + 1] = j end
    end
    table.sort(order, function(a, b) return cosines[i][a] > cosines[i][b] end)
    print("\n" .. sentence)
    local rows = {}
    for n, j in ipairs(order) do
        rows[n] = { cells = { ("%5.2f"):format(cosines[i][j]), sentences[j] },
            value = math.max(0, cosines[i][j]) }
    end
    print(bars.table(rows, { width = 20 }))
end

-- The outlier has the smallest mean similarity to all others.
local worst, least
for i = 1, #sentences do
    local sum = -1
    for j = 1, #sentences do sum = sum + cosines[i][j] end
    if not least or sum < least then worst, least = i, sum end
end
print(("\nfarthest from the others: %s (mean cosine %.2f)"):format(text.quote(sentences[worst]),
    least / (#sentences - 1)))
print(("two cats, the same thought: %.2f; cat and market: %.2f"):format(cosines[1][2],
    cosines[1][4]))
