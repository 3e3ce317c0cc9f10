-- SPDX-License-Identifier: Apache-2.0
-- Retrievers by meaning and by both: legs and fusion, filters, saving, models of Lua's own, and
-- recall on real questions with MiniLM.
local t = require "spec"
if not pcall(require, "moonlet") or not models.new then
    t.test("vectors", function() t.skip "no engine here" end)
    t.done()
end

-- An embedding model of Lua's own: how often the words of each subject stand in a text.
local SUBJECTS = { { "cat", "kitten", "purr" }, { "stock", "market", "price" }, { "rain", "sun" } }
local function subject_model()
    return { name = "subjects", embed = function(self, texts)
        self.calls = (self.calls or 0) + 1
        local rows = {}
        for i, text in ipairs(texts) do
            rows[i] = {}
            for s, words in ipairs(SUBJECTS) do
                rows[i][s] = 0.01
                for _, word in ipairs(words) do
                    local _, count = text:lower():gsub(word, "")
                    rows[i][s] = rows[i][s] + count
                end
            end
        end
        return rows
    end }
end

local docs = {
    { text = "A kitten sleeps.", id = "a", lang = "en" },
    { text = "Market prices fell.", id = "b", lang = "en" },
    { text = "Rain and sun.", id = "c", lang = "en" },
    { text = "Cat food: the market has it.", id = "d", lang = "ko" },
}

local function tiny_bert(seed)
    local texts = {}
    for i, doc in ipairs(docs) do texts[i] = doc.text end
    return models.new { family = "bert", seed = seed, name = "tiny", hidden_size = 32,
        intermediate_size = 32, num_hidden_layers = 1, num_attention_heads = 2,
        tokenizer = tokenizers.train { texts = texts, vocab_size = 270 } }
end

local function scratch()
    local name = os.tmpname()
    os.remove(name)
    return name
end

local function ids(found)
    local list = {}
    for i, hit in ipairs(found) do list[i] = hit.id end
    return list
end

t.test("dense finds without a common word; scores are cosines", function()
    local r = retrievers.new { docs, kind = "dense", embed = subject_model() }
    local found = r("purr", { k = 2 })
    t.eq(ids(found), { "a", "d" })
    t.near(found[1].score, 1, 1e-3)
    t.eq(found[1].dense, { rank = 1, score = found[1].score })
    t.eq(found[1].bm25, nil)
    t.match(tostring(r), "retriever dense   4 passages of 4 documents · vectors flat, 4 of 3", true)
end)

t.test("hybrid fuses ranks and shows both", function()
    local r = retrievers.new { docs, embed = subject_model() }
    t.eq(r.kind, "hybrid")
    local found = r("market price of a cat")
    t.eq(#found, 4)
    for i, hit in ipairs(found) do
        local sum = (hit.bm25 and 1 / (60 + hit.bm25.rank) or 0) + 1 / (60 + hit.dense.rank)
        t.near(hit.score, sum, 1e-6)
        if i > 1 then t.ok(found[i - 1].score >= hit.score) end
    end
    t.match(tostring(found), "bm25 #%d, dense #%d")
    local words = r("market price of a cat", { weights = { dense = 0 }, k = 1 })
    local meaning = r("market price of a cat", { weights = { bm25 = 0 }, k = 1 })
    t.eq(words[1].bm25.rank, 1)
    t.eq(meaning[1].dense.rank, 1)
end)

t.test("filters hold for both legs, of both kinds of index", function()
    local many = {}
    for i = 1, 600 do
        many[i] = { text = (i % 3 == 0 and "cat " or "market ") .. ("rain "):rep(i % 5), n = i }
    end
    for _, index in ipairs { "flat", "hnsw" } do
        local r = retrievers.new { many, kind = "dense", embed = subject_model(), index = index }
        for _, keep in ipairs { 60, 12, 1 } do
            local found = r("cat", { k = 20, filter = { n = { le = keep } } })
            t.eq(#found, math.min(20, keep))
            for _, hit in ipairs(found) do t.ok(hit.row.n <= keep) end
        end
        local h = retrievers.new { many, embed = subject_model(), index = index }
        t.eq(#h("cat", { k = 9, filter = function(row) return row.n > 595 end }), 5)
    end
end)

t.test("several queries are embedded at once and answer alike", function()
    local model = subject_model()
    local r = retrievers.new { docs, embed = model }
    local before = model.calls
    local all = r { "purr", "sun" }
    t.eq(model.calls, before + 1)
    t.eq(all[1]:table(), r("purr"):table())
    t.eq(all[2]:table(), r("sun"):table())
end)

t.test("save, load: the same hits; another model is refused; add goes on", function()
    local folder, model = scratch(), tiny_bert(1)
    model:save(folder .. "-model")
    model = models.load(folder .. "-model")
    for _, kind in ipairs { "bm25", "dense", "hybrid" } do
        for _, index in ipairs { "flat", "hnsw" } do
            local r = retrievers.new { docs, kind = kind, embed = model, index = index,
                method = "bm25+", split = { by = "sentence", size = 20 } }
            r:save(folder)
            r:save(folder) -- over the last one
            local loaded = retrievers.load(folder)
            t.eq(tostring(loaded), tostring(r))
            for _, query in ipairs { "market prices", "a cat", "해" } do
                t.eq(loaded(query):table(), r(query):table())
            end
            loaded:add { { text = "Sun only. Sun.", id = "e" } }
            t.eq(#loaded, #r + 1)
            t.eq(loaded("sun only", { filter = { id = "e" } })[1].id, "e")
        end
    end
    t.error(function() retrievers.load(folder, { embed = tiny_bert(2) }) end, "is another one")
    t.error(function() retrievers.load(folder .. "x") end, "no file")
    os.execute(("rm -r '%s' '%s-model'"):format(folder, folder))
end)

t.test("what an embedding left undone is done by the next search", function()
    local model, fail = subject_model(), true
    local native = model.embed
    model.embed = function(self, texts)
        if fail and #texts > 1 then error "connection lost" end
        return native(self, texts)
    end
    local r = retrievers.new { {}, kind = "dense", embed = model }
    t.error(function() r:add(docs) end, "connection lost")
    fail = false
    t.eq(r("purr")[1].id, "a")
    model.embed = function() return { { 1, 1, 1 } } end
    t.error(function() r:add(docs) end, "embedded 1 of 4 texts")
    t.error(function() retrievers.new { docs, embed = 3 } end, "embed")
    t.error(function() retrievers.new { docs, embed = "no such model" } end, "no such model")
end)

t.test("recall@5 on XQuAD with MiniLM: hybrid is no worse than either leg", function()
    local data = json.load(t.data "squad/xquad_en_dev20.json")
    local ok, minilm = pcall(models.load, "minilm")
    if not ok then
        if os.getenv "MOONLET_CI" then error "no MiniLM" end
        t.skip "no MiniLM here"
    end
    local contexts, questions, answers = {}, {}, {}
    for _, article in ipairs(data.data) do
        for _, paragraph in ipairs(article.paragraphs) do
            contexts[#contexts + 1] = { text = paragraph.context, id = #contexts + 1 }
            for _, qa in ipairs(paragraph.qas) do
                questions[#questions + 1], answers[#answers + 1] = qa.question, #contexts
            end
        end
    end
    -- All hits of one search: each has its place in either leg and in the fused list.
    local r = retrievers.new { contexts, embed = minilm, split = false }
    local at5 = { bm25 = 0, dense = 0, hybrid = 0 }
    for i, list in ipairs(r:search(questions, { k = #contexts })) do
        for place, hit in ipairs(list) do
            if hit.id == answers[i] then
                local places = { hybrid = place, bm25 = hit.bm25 and hit.bm25.rank,
                    dense = hit.dense and hit.dense.rank }
                for leg, rank in pairs(places) do
                    if rank <= 5 then at5[leg] = at5[leg] + 1 / #questions end
                end
            end
        end
    end
    print(("recall@5 of %d questions in %d contexts: bm25 %.4f, dense %.4f, hybrid %.4f"):format(
        #questions, #contexts, at5.bm25, at5.dense, at5.hybrid))
    t.ok(at5.hybrid >= math.max(at5.bm25, at5.dense), "hybrid is worse than a leg")
    t.ok(at5.bm25 > 0.9 and at5.dense > 0.9)
end)

t.done()
