-- SPDX-License-Identifier: Apache-2.0
-- The Lua face of tokenizers: spans are 1-based and inclusive, options checked, errors clear.
local t = require "spec"

local tok = tokenizers.train { texts = { "hello world hello there", "안녕 세상 안녕" }, vocab_size = 290,
    special_tokens = { "<|end|>" } }

t.test("encode and decode are inverse, special tokens are recognised in the text", function()
    for _, text in ipairs { "hello world", "안녕 hello", "", "a\nb\t🙂" } do
        t.eq(tok:decode(tok:encode(text)), text)
    end
    local ids = tok:encode("hello<|end|>")
    t.eq(ids[#ids], tok:id "<|end|>")
    t.eq(tok:decode(ids), "hello<|end|>")
    t.eq(tok:decode(ids, { skip_special = true }), "hello")
end)

t.test("offsets are bytes, 1-based and inclusive", function()
    local text = "hello 안녕"
    local spans, pieces = tok:offsets(text), {}
    for i, span in ipairs(spans) do pieces[i] = text:sub(span[1], span[2]) end
    t.eq(#spans, #tok:encode(text))
    t.eq(pieces[1], "hello")
    t.eq(spans[#spans][2], #text)
end)

t.test("a stream gives whole characters only", function()
    local ids = tok:encode "안녕 hello<|end|>"
    local stream, parts = tok:stream(), {}
    for _, id in ipairs(ids) do
        parts[#parts + 1] = stream:push(id)
        assert(not parts[#parts]:find "\239\191\189", "half a character")
    end
    t.eq(table.concat(parts) .. stream:finish(), "안녕 hello<|end|>")
    local skipping = tok:stream { skip_special = true }
    t.eq(skipping:push(ids) .. skipping:finish(), "안녕 hello")
end)

t.test("saved and loaded it is the same tokenizer", function()
    local path = os.tmpname()
    tok:save(path)
    local again = tokenizers.load(path)
    t.eq(again:encode("hello 안녕 there"), tok:encode("hello 안녕 there"))
    t.eq(#again, #tok)
    os.remove(path)
end)

t.test("a rank file wants its encoding where nothing tells it", function()
    local path = t.path "tests/golden/vocabularies/ranks.tiktoken"
    local ranks = tokenizers.load(path, { encoding = "cl100k_base" })
    t.eq(ranks:decode(ranks:encode("hello 안녕")), "hello 안녕")
    t.eq(ranks:encode("<|endoftext|>"), { 100257 })
    t.error(function() tokenizers.load(path) end, "one of: gpt2")
    t.error(function() tokenizers.load(path, { encoding = "cl100k" }) end, "cl100k_base")
end)

t.test("sentencepiece models open, too", function()
    local model = tokenizers.load(t.path "tests/golden/vocabularies/bpe_llama.model")
    t.eq(model:decode(model:encode("the moon 달")), "the moon 달")
end)

t.test("texts may come from a function", function()
    local given = { "one two", "two three" }
    local i = 0
    local from_function = tokenizers.train { vocab_size = 260, texts = function()
        i = i + 1
        return given[i]
    end }
    local from_list = tokenizers.train { vocab_size = 260, texts = given }
    t.eq(from_function:encode("one three"), from_list:encode("one three"))
end)

t.test("two texts, cut and padded, in batches", function()
    local post = { type = "BertProcessing", sep = { "</s>", 1 }, cls = { "<s>", 0 } }
    local bert = tokenizers.train { texts = { "hello world hello there" }, vocab_size = 270,
        special_tokens = { "<s>", "</s>", "<pad>" }, post_processor = post }
    local hello, there = bert:encode("hello", { special = false }), bert:encode("there",
        { special = false })
    local pair = bert:encoding("hello", { pair = "there" })
    t.eq(bert:encode("hello", { pair = "there" }), pair.ids)
    t.eq(#pair.ids, #hello + #there + 3)
    t.eq({ pair.ids[1], pair.ids[#hello + 2], pair.ids[#pair.ids] }, { 0, 1, 1 })
    t.eq({ pair.type_ids[1], pair.type_ids[#pair.ids] }, { 0, 1 })
    t.eq({ pair.sequence_ids[1], pair.sequence_ids[2], pair.sequence_ids[#pair.ids - 1] },
        { 0, 1, 2 })
    t.eq(pair.offsets[2], { 1, 5 })

    local long = bert:encoding("hello there world", { max_length = 4, stride = 1 })
    t.eq(#long.ids, 4)
    t.eq(long.overflow[1].ids[2], long.ids[3])
    local left = bert:encode("hello there", { max_length = 3, truncation_side = "left" })
    local bare, whole = bert:encode("hello there", { special = false }), bert:encode "hello there"
    t.eq(left[2], bare[#bare])
    t.eq(bert:encode("hello there", { max_length = 3, truncation = false }), whole)

    local texts = { "hello", "hello there world" }
    local batch = bert:encode_batch(texts)
    t.eq(batch, { bert:encode(texts[1]), bert:encode(texts[2]) })
    local padded = bert:encode_batch(texts, { padding = true, padding_side = "left" })
    t.eq(#padded[1], #padded[2])
    t.eq(padded[1][1], bert:id "<pad>")
    t.eq(padded.attention_mask[1][1], 0)
    t.eq(padded.attention_mask[2][1], 1)
    t.eq(bert:encode_batch({ "hello" }, { pair = { "there" } })[1], pair.ids)
    t.eq(bert:decode_batch(batch, { skip_special = true }), texts)
    t.eq(#bert:encode("hello", { padding = "max_length", max_length = 9 }), 9)
end)

t.test("every kind can be trained", function()
    local texts = {}
    for i = 1, 40 do texts[i] = "the moon pulls the sea and the sea pulls the boats " .. i end
    for kind, shown in pairs { bpe = "BPE", unigram = "Unigram", wordpiece = "WordPiece",
        wordlevel = "WordLevel" } do
        local trained = tokenizers.train { texts = texts, kind = kind, vocab_size = 300 }
        assert(tostring(trained):find(shown, 1, true), tostring(trained))
        local ids = trained:encode("the sea pulls the moon")
        if kind ~= "wordlevel" then
            t.eq(trained:decode(ids), "the sea pulls the moon")
        end
        assert(#ids <= 5 or kind == "unigram", kind)
    end
    local fallback = tokenizers.train { texts = texts, vocab_size = 400, byte_fallback = true,
        pre_tokenizer = "Metaspace",
        decoder = { type = "Sequence", decoders = {
            { type = "Replace", pattern = { String = "▁" }, content = " " },
            { type = "ByteFallback" }, { type = "Fuse" },
            { type = "Strip", content = " ", start = 1, stop = 0 } } } }
    t.eq(fallback:decode(fallback:encode "the 달"), "the 달")
end)

t.test("faults are clear errors", function()
    local function fails(wanted, f, ...)
        local ok, message = pcall(f, ...)
        assert(not ok and message:find(wanted, 1, true), tostring(message))
    end
    fails("no file", tokenizers.load, "/no/such/tokenizer.json")
    fails("skip_special: boolean = false", tok.decode, tok, { 1 }, { skip_specials = true })
    fails("vocab_size", tokenizers.train, { texts = { "a" }, vocab_size = 3 })
    fails("vocab_size", tokenizers.train, { texts = { "a" }, vocabsize = 300 })
    fails("truncation", tok.encode, tok, "a", { truncation = true })
    fails("only_second", tok.encode, tok, "a b c", { truncation = "only_second", max_length = 1 })
    fails("pad_token", tok.encode_batch, tok, { "a", "a b" }, { padding = true })
    fails("as many", tok.encode_batch, tok, { "a", "b" }, { pair = { "c" } })
    fails("kind", tokenizers.train, { texts = { "a" }, kind = "bqe" })
    fails("entry 2", tok.decode, tok, { 1, "x" })
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write("not JSON")
    f:close()
    fails("is not JSON", tokenizers.load, path)
    os.remove(path)
end)

t.test("NFC joins jamo, and only those that join", function()
    local tok = tokenizers.train { texts = { "a" }, vocab_size = 257, normalizer = "NFC",
        special_tokens = { "<end>" } }
    t.eq(tok:decode(tok:encode "쪠\225\134\167"), "쪠\225\134\167") -- U+11A7 joins with nothing
    t.eq(tok:decode(tok:encode "하\225\134\171"), "한")
end)

t.done()
