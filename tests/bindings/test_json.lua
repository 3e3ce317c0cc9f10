-- SPDX-License-Identifier: Apache-2.0
-- json.encode and json.decode as users see them.
local t = require "spec"

t.test("values go there and back", function()
    local text = '{"b":1,"a":[1,2.5,null,{}],"z":{"y":"x\\n","x":[]},"t":true}'
    t.eq(json.encode(json.decode(text)), text)
end)

t.test("decoded objects keep their key order in pairs, plain tables are sorted", function()
    local keys = {}
    for k in pairs(json.decode('{"b":1,"a":2,"c":3}')) do keys[#keys + 1] = k end
    t.eq(table.concat(keys, " "), "b a c")
    t.eq(json.encode { b = 1, a = 2 }, '{"a":2,"b":1}')
end)

t.test("a key added to a decoded object comes last", function()
    local object = json.decode('{"b":1}')
    object.a = 2
    t.eq(json.encode(object), '{"b":1,"a":2}')
end)

t.test("null, empty list and empty object stay apart", function()
    t.eq(json.encode { a = json.null, b = json.array {}, c = json.object {}, d = {} },
        '{"a":null,"b":[],"c":{},"d":{}}')
    t.eq(json.decode("null"), json.null)
    t.eq(tostring(json.null), "null")
end)

t.test("numbers", function()
    t.eq(json.encode { 1, -2, 0.5, 1e300 }, "[1,-2,0.5,1e+300]")
    t.eq(json.encode(2 ^ 53), "9007199254740992")
end)

t.test("faults are errors, not crashes", function()
    for _, bad in ipairs { "{", "[1,", "nul", "", ("["):rep(100000) } do
        t.eq(pcall(json.decode, bad), false)
    end
    local loop = {}
    loop[1] = loop
    t.eq(pcall(json.encode, loop), false)
    t.eq(pcall(json.encode, print), false)
    t.eq(pcall(json.encode, { 1, a = 2 }), false)
end)

t.test("unknown options name the nearest", function()
    local ok, message = pcall(json.encode, {}, { indnt = 2 })
    t.eq(ok, false)
    assert(message:find("indent", 1, true), message)
end)

t.done()
