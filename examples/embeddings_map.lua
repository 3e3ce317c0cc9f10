-- SPDX-License-Identifier: Apache-2.0
-- Sentences as points: which lie together (k-means, purity), which do not belong (outliers, AUROC).
-- 문장을 점으로 보고, 뭉치와 외톨이를 찾습니다.
--     moonlet examples/embeddings_map.lua

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local sentences = dofile(here .. "/data/sentences.lua")
local kmeans = dofile(here .. "/data/kmeans.lua")

local texts, topic = {}, {}
for _, name in ipairs { "cooking", "sport", "money", "weather" } do
    for _, text in ipairs(sentences.topics[name]) do
        texts[#texts + 1], topic[#topic + 1] = text, name
    end
end
local inside = #texts
for _, text in ipairs(sentences.strangers) do texts[#texts + 1] = text end
local e = models.load "minilm"
local v = e:embed(texts):table() -- rows of length 1: the dot product is the cosine
local best = kmeans.run({ unpack(v, 1, inside) }, 4)

-- Purity is the part of sentences in a cluster of mostly their own topic.
local pure = 0
for c = 1, 4 do
    local counts, top = {}, 0
    for i = 1, inside do
        if best[i] == c then counts[topic[i]] = (counts[topic[i]] or 0) + 1 end
    end
    for name, n in pairs(counts) do
        top = math.max(top, n)
        io.write(("cluster %d: %d of %s\n"):format(c, n, name))
    end
    pure = pure + top
end
print(("purity %.2f: %d of %d sentences lie with their topic"):format(pure / inside, pure, inside))

-- How far a sentence is from its three nearest; AUROC: how often a stranger is the farther one.
local far = {}
for i = 1, #texts do
    local near = {}
    for j = 1, #texts do near[#near + 1] = j ~= i and kmeans.dot(v[i], v[j]) or -1 end
    table.sort(near, function(a, b) return a > b end)
    far[i] = 1 - (near[1] + near[2] + near[3]) / 3
end
local won, played = 0, 0
for i = inside + 1, #texts do
    print(("%.2f from its nearest: %s"):format(far[i], texts[i]))
    for j = 1, inside do
        won, played = won + (far[i] > far[j] and 1 or far[i] == far[j] and 0.5 or 0), played + 1
    end
end
print(("outliers: AUROC %.2f"):format(won / played))
