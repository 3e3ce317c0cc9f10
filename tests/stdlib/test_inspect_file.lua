-- SPDX-License-Identifier: Apache-2.0
-- models.inspect: a file of gguf-py and one of safetensors as their JSON beside them says.
local t = require "spec"
local session = require "moonlet.session"
require "moonlet"

local golden = t.root .. "/tests/golden/formats/"

t.test("keys and tensors of a GGUF file", function()
    local expected = json.load(golden .. "every_type.json")
    local file = models.inspect(golden .. "every_type.gguf", { elements = 100 })
    t.eq(file.format, "gguf")
    t.eq(file.version, 3)
    t.eq(file.alignment, 32)
    t.eq(#file.keys, #expected.metadata)
    for i, row in ipairs(expected.metadata) do
        t.eq(file.keys[i].key, row.key)
        if type(row.value) ~= "table" then t.eq(file.metadata[row.key], row.value) end
    end
    t.eq(file.metadata["test.words"], { "", "a", "단어", "\0x" })
    t.eq(file.keys[15].count, 4)
    t.eq(file.keys[15].type, "string")
    local sum = 0
    for i, row in ipairs(expected.tensors) do
        local tensor = file.tensors[i]
        t.eq(tensor.name, row.name)
        t.eq(tensor.dtype, row.type)
        t.eq(tensor.bytes, row.bytes)
        t.eq(#tensor.shape, #row.shape)
        for k, size in ipairs(row.shape) do t.eq(tensor.shape[k], size) end
        sum = sum + row.bytes
    end
    t.eq(file.bytes, sum)
    t.eq(file:layers():table().bytes, sum)
end)

t.test("long arrays are cut, and the whole is there on demand", function()
    local file = models.inspect(golden .. "every_type.gguf", { elements = 2 })
    t.eq(file.metadata["test.words"], { "", "a" })
    t.eq(#models.inspect(golden .. "every_type.gguf", { elements = 0 }).metadata["test.words"], 0)
    t.error(function() models.inspect("demo", { elements = -1 }) end, "0 or more")
    t.error(function() models.inspect("demo", { element = 1 }) end, "elements")
end)

t.test("a safetensors file, and a folder by its short name", function()
    local file = models.inspect(golden .. "every_dtype.safetensors")
    t.eq(file.format, "safetensors")
    t.eq(file.metadata.name, "달 ☾")
    t.eq(#file.tensors, 21)
    local demo = models.inspect "demo"
    t.ok(#demo.tensors > 10 and demo.bytes > 1e6)
end)

t.test("prints keys and tensors within the terminal", function()
    session.unicode, session.width = true, 100
    local shown = tostring(models.inspect(golden .. "every_type.gguf", { elements = 2 }))
    for _, part in ipairs { "gguf v3 · 20 keys · 9 tensors", "test.words", "string[4]",
        '"", "a", …', "4000000000", "f32        0.1\n", "u64", "Q4_K", "[2, 256]", "in all" } do
        t.ok(shown:find(part, 1, true), part .. " in\n" .. shown)
    end
    for line in shown:gmatch("[^\n]+") do
        t.ok(require("moonlet.text").width(line) <= 100, line)
    end
    session.unicode, session.width = nil, 80
end)

t.test("what is no file of weights is said", function()
    t.error(function() models.inspect "/nowhere/x.gguf" end, "x.gguf")
    t.error(function() models.inspect(golden .. "every_type.json") end, "header")
    t.error(function() models.inspect(golden .. "big_endian.gguf") end, "big%-endian")
end)

t.done()
