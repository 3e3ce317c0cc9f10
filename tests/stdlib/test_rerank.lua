-- SPDX-License-Identifier: Apache-2.0
-- m:rerank and retrievers with a reranker: order and scores are sentence-transformers'
-- (scripts/golden/rerank.py), hits keep what they had.
local t = require "spec"

if not pcall(require, "moonlet_engine") then
    t.test("rerank", function() t.skip "no engine" end)
    t.done()
end

local function golden(name)
    local folder = t.path("tests/golden/rerank/" .. name)
    return models.load(folder, { device = "cpu" }), json.load(folder .. "/golden.json")
end

t.test("texts come back in the order of CrossEncoder.rank", function()
    for _, name in ipairs { "bert", "xlm-roberta", "roberta" } do
        local m, g = golden(name)
        local found = m:rerank(g.query, g.texts)
        t.eq(#found, #g.texts)
        t.eq(found.query, g.query)
        for i, hit in ipairs(found) do
            t.eq(hit.id, g.order[i] + 1)
            t.eq(hit.text, g.texts[hit.id])
            t.near(hit.score, g.scores[hit.id], 1e-6)
        end
        local two = m:rerank(g.query, g.texts, { top_k = 2, batch_size = 1 })
        t.eq({ #two, two[1].id, two[2].id }, { 2, found[1].id, found[2].id })
        t.eq(#m:rerank(g.query, {}), 0)
    end
end)

t.test("hits keep what they had, and their score before", function()
    local m, g = golden "bert"
    local rows = {}
    for i, text in ipairs(g.texts) do
        rows[i] = { text = text, score = i, id = "t" .. i, lang = "en" }
    end
    local found = m:rerank(g.query, rows, { top_k = 3 })
    t.eq(found[1].lang, "en")
    t.eq(found[1].id, "t" .. g.order[1] + 1)
    t.eq(found[1].before, { rank = g.order[1] + 1, score = g.order[1] + 1 })
    t.eq(rows[1].before, nil) -- the given ones stay as they are
    t.eq(rows[1].score, 1)
end)

t.test("a retriever puts what it found in the reranker's order", function()
    local m, g = golden "bert"
    local docs = {}
    for i, text in ipairs(g.texts) do
        if text ~= "" then docs[#docs + 1] = { text = text, id = i } end
    end
    local r = retrievers.new { docs, kind = "bm25", split = false, rerank = m }
    local plain, found = r:search(g.query, { rerank = false }), r:search(g.query, { k = 3 })
    t.eq(#found, 3)
    for i = 2, #found do t.ok(found[i - 1].score >= found[i].score) end
    local all = r:search(g.query, { k = 50, rerank = false })
    local best = m:rerank(g.query, all)
    for i = 1, 3 do
        t.eq(found[i].id, best[i].id)
        t.near(found[i].score, g.scores[best[i].id], 1e-6)
    end
    t.eq(found[1].bm25.score, found[1].before.score)
    t.ok(plain[1].before == nil)
    local first = r:search(g.query, { k = 1, rerank_candidates = 1 })
    t.eq(first[1].id, all[1].id) -- reads the first hit alone
    local other = retrievers.new { docs, kind = "bm25", split = false }
    t.eq(other:search(g.query, { rerank = m })[1].id, found[1].id)
    t.eq(#other:search({ g.query, "moon" }, { rerank = m, k = 2 }), 2)
    t.error(function() other:search(g.query, { rerank = true }) end, "rerank = true")
end)

t.test("a retriever is saved with its reranker's name", function()
    local m, g = golden "bert"
    local folder = os.tmpname()
    os.remove(folder)
    local r = retrievers.new { g.texts, kind = "bm25", split = false, rerank = m }
    r:save(folder)
    local again = retrievers.load(folder)
    t.eq(again(g.query)[1].text, r(g.query)[1].text)
    t.ok(again.reranker ~= nil)
end)

t.test("m:tag labels tokens as transformers' pipeline", function()
    local m, g = golden "tagger"
    local found = m:tag(g.texts)
    for i, text in ipairs(g.texts) do
        t.eq(#found[i], #g.tags[i])
        for k, tag in ipairs(g.tags[i]) do
            local ours = found[i][k]
            t.eq({ ours.label, ours.span }, { tag.label, { tag.start + 1, tag["end"] } })
            t.near(ours.score, tag.score, 1e-5)
            t.eq(ours.text, text:sub(ours.span[1], ours.span[2]))
        end
    end
    t.error(function() m:classify "a" end, "m:tag")
    t.error(function() (golden "bert"):tag "a" end, "m:classify")
end)

t.test("what cannot be reranked says so", function()
    local m = golden "bert"
    t.error(function() m:rerank("q", { 1 }) end, "text 1 is a number")
    t.error(function() m:rerank("q", "text") end, "a list")
    t.error(function() m:rerank("q", { "a" }, { topk = 1 }) end, "top_k")
    local plain = models.load(t.path "tests/golden/generation/llama", { device = "cpu" })
    t.error(function() plain:rerank("q", { "a" }) end, "no cross%-encoder")
end)

t.done()
