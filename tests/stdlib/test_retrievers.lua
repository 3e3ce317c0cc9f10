-- SPDX-License-Identifier: Apache-2.0
-- Retrievers by words: documents in all their forms, hits, spans, filters, options. No LibTorch is
-- needed here, and none may be loaded.
local t = require "spec"
if not pcall(require, "moonlet") then -- plain LuaJIT
    t.test("retrievers", function() t.skip "not run by moonlet" end)
    t.done()
end

local cats = {
    { text = "Cats sleep a lot. They purr when they are happy.", id = "cat", lang = "en",
        source = "cats.md", year = 2001 },
    { text = "고양이는 잠을 많이 잔다. 기분이 좋으면 골골거린다.", id = "고양이", lang = "ko",
        source = "고양이.md", year = 2002 },
    { text = "Dogs bark. Cats do not.", lang = "en", year = 2003 },
}
local ALONE = { by = "sentence", size = 0 }

t.test("hits have text, score, id, source, span and row", function()
    local r = retrievers.new { cats, kind = "bm25", split = ALONE }
    t.eq(#r, 6)
    local found = r "when do they purr?"
    local hit = found[1]
    t.eq(hit.text, "They purr when they are happy.")
    t.eq({ hit.id, hit.source, hit.document }, { "cat", "cats.md", 1 })
    t.eq(hit.span, { 19, 48 })
    t.eq(cats[1].text:sub(hit.span[1], hit.span[2]), hit.text)
    t.eq({ hit.row.lang, hit.row.year, hit.row.text }, { "en", 2001, nil })
    t.eq(hit.bm25, { rank = 1, score = hit.score })
    t.eq(found.query, "when do they purr?")
    t.eq(r:search("when do they purr?"):table(), found:table())
    for i = 2, #found do t.ok(found[i - 1].score >= found[i].score) end
    t.eq(r("bark")[1].id, 3)
    t.eq(r("bark")[1].source, "text 3")
    t.eq(#r "zebra", 0)
end)

t.test("Korean is found under its particles", function()
    local r = retrievers.new { cats, kind = "bm25", split = ALONE }
    t.eq(r("고양이가 잠자나요?")[1].id, "고양이")
    t.eq(r("골골")[1].text, "기분이 좋으면 골골거린다.")
    local words = retrievers.new { cats, kind = "bm25", terms = "words" }
    t.eq(#words "고양이가", 0)
end)

t.test("Korean pages: pairs of characters find more than whole words", function()
    local folder = t.data("docs/md-ko/rust-book-ko/ch01-01-installation.md"):match "^(.*)/"
    local docs, asked = {}, {}
    local list = assert(io.popen("ls '" .. folder .. "'"))
    for name in list:lines() do
        for _, section in ipairs(retrievers.split(t.read(folder .. "/" .. name),
            { by = "markdown", size = 0 })) do
            -- the second sentence of a section asks for the rest of it
            local parts = retrievers.split(section.text, { by = "sentence", size = 0 })
            if #parts >= 4 then
                docs[#docs + 1] = section.text:sub(parts[3].span[1])
                asked[#docs] = parts[2].text
            end
        end
    end
    list:close()
    local at5 = { bigrams = 0, words = 0 }
    for terms in pairs(at5) do
        local r = retrievers.new { docs, terms = terms, split = false }
        for i, found in ipairs(r(asked)) do
            for _, hit in ipairs(found) do
                if hit.id == i then at5[terms] = at5[terms] + 1 / #asked end
            end
        end
    end
    print(("recall@5 of %d Korean sections: bigrams %.3f, words %.3f"):format(#docs, at5.bigrams,
        at5.words))
    t.ok(#docs > 80 and at5.bigrams > at5.words)
end)

t.test("documents are texts, rows or a Dataset; another column; whole texts", function()
    t.eq(retrievers.new({ { "one text", "two texts" } })("two")[1].id, 2)
    local rows = { { body = "an apple", id = 7 }, { body = "a pear", id = 8 } }
    t.eq(retrievers.new({ rows, column = "body" })("pear")[1].id, 8)
    local r = retrievers.new { { "kept" } }
    t.error(function() r:add { { text = "lost" }, rows[1] } end, "document 2 has no text")
    t.eq({ #r, #r "lost" }, { 1, 0 })
    t.error(function() retrievers.new { rows } end, 'no text in column "text" %(it has body, id%)')
    if datasets and datasets.new then
        r = retrievers.new { datasets.new(cats), split = false }
        t.eq(r("골골")[1].text, cats[2].text)
        t.eq(r("골골")[1].span, { 1, #cats[2].text })
    end
    local lazy = setmetatable({}, { __len = function() return 2500 end,
        __index = function(_, i) return { text = "number " .. i } end })
    t.eq(retrievers.new({ lazy })("2345")[1].document, 2345)
end)

t.test("a filter comes first, so nothing is lost", function()
    local docs = {}
    for i = 1, 2000 do
        docs[i] = { text = "common words " .. ("again "):rep(i % 7), n = i,
            tag = { "t" .. i % 10 } }
    end
    local r = retrievers.new { docs, kind = "bm25" }
    for _, keep in ipairs { 200, 40, 2 } do -- 10, 2 and 0.1 %
        local found = r("common again", { k = 50, filter = { n = { gt = 2000 - keep } } })
        t.eq(#found, math.min(50, keep))
        local all, wanted = r("common again", { k = 2000 }), {}
        for _, hit in ipairs(all) do
            if hit.row.n > 2000 - keep and #wanted < 50 then wanted[#wanted + 1] = hit.passage end
        end
        for i, hit in ipairs(found) do t.eq(hit.passage, wanted[i]) end
    end
    t.eq(#r("common", { k = 9, filter = function(row) return row.n <= 3 end }), 3)
    t.eq(r("common", { k = 1, filter = { tag = "t3", n = { ge = 50 } } })[1].row.n % 10, 3)
    t.error(function() r("common", { filter = { n = { gtt = 1 } } }) end, "did you mean gt")
    t.error(function() r("common", { filter = function(row) return row.n.x end }) end, "index")
end)

t.test("splits: by name, by markdown with headers, by tokens; none", function()
    local text = "# Cats\nThey sleep.\n\n## Food\nThey eat fish.\n"
    local r = retrievers.new { { text }, split = "markdown" }
    t.eq(r("fish")[1].headers, { "Cats", "Food" })
    t.match(tostring(r "fish"), "Cats > Food", true)
    local tok = tokenizers.train { texts = { text }, vocab_size = 260 }
    local chunks = retrievers.split(text, { by = "token", size = 10, overlap = 2, tokenizer = tok })
    t.ok(#chunks > 3)
    for _, chunk in ipairs(chunks) do t.eq(text:sub(chunk.span[1], chunk.span[2]), chunk.text) end
    t.error(function() retrievers.split("x", { by = "token" }) end, "without a tokenizer")
    t.error(function() retrievers.new { { "x" }, split = "paragraph" } end, "unknown splitter")
end)

t.test("documents can be added", function()
    local r = retrievers.new { {}, kind = "bm25" }
    t.eq(#r "anything", 0)
    t.eq(r:add { "new words", "other ones" }("words")[1].id, 1)
    t.eq(r:add({ { text = "words again, words", id = "w" } })("words")[1].id, "w")
    t.match(tostring(r), "retriever bm25   3 passages of 3 documents · bm25 lucene, 5 terms", true)
end)

t.test("several queries at once", function()
    local r = retrievers.new { cats }
    local all = r { "purr", "bark" }
    t.eq({ #all, all[1][1].id, all[2][1].id }, { 2, "cat", 3 })
end)

t.test("mistakes are named", function()
    t.error(function() retrievers.new {} end, "no documents")
    t.error(function() retrievers.new "x" end, "the documents first")
    t.error(function() retrievers.new { "a.md", "b.md" } end, "more than one")
    t.error(function() retrievers.new { { "x" }, kind = "bm52" } end, 'did you mean "bm25"')
    t.error(function() retrievers.new { { "x" }, kinds = "bm25" } end, "did you mean kind")
    t.error(function() retrievers.new { { "x" }, method = "okapi" } end, "lucene")
    t.error(function() retrievers.new { { 3 } } end, "document 1 is")
    local r = retrievers.new { { "x" } }
    t.error(function() r(3) end, "a query that is a number")
    t.error(function() r("x", { k = 0 }) end, "1 or more")
    t.error(function() r("x", { top = 3 }) end, "unknown option 'top'")
    t.error(function() r("x", { weights = { bm = 1 } }) end, "weights hold bm")
end)

t.test("words alone load no LibTorch", function()
    local maps = io.open "/proc/self/maps"
    if not maps then t.skip "no /proc" end
    local loaded = maps:read "*a"
    maps:close()
    t.eq(loaded:find("libtorch", 1, true), nil)
end)

t.done()
