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

t.test("saved and loaded it is the same tokenizer", function()
    local path = os.tmpname()
    tok:save(path)
    local again = tokenizers.load(path)
    t.eq(again:encode("hello 안녕 there"), tok:encode("hello 안녕 there"))
    t.eq(#again, #tok)
    os.remove(path)
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

t.test("faults are clear errors", function()
    local function fails(wanted, f, ...)
        local ok, message = pcall(f, ...)
        assert(not ok and message:find(wanted, 1, true), tostring(message))
    end
    fails("no file", tokenizers.load, "/no/such/tokenizer.json")
    fails("skip_special: boolean = false", tok.decode, tok, { 1 }, { skip_specials = true })
    fails("vocab_size", tokenizers.train, { texts = { "a" }, vocab_size = 3 })
    fails("vocab_size", tokenizers.train, { texts = { "a" }, vocabsize = 300 })
    fails("entry 2", tok.decode, tok, { 1, "x" })
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write("not JSON")
    f:close()
    fails("is not JSON", tokenizers.load, path)
    os.remove(path)
end)

t.done()
