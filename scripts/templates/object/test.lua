-- SPDX-License-Identifier: Apache-2.0
-- @path tests/bindings/test_@name@.lua
-- @Name@ as Lua sees it.
local t = require "spec"

t.test("a @name@ keeps its text", function()
    t.eq(@name@s.new("moon"):text(), "moon")
end)

t.test("a @name@ of nothing is a clear error", function()
    local ok, message = pcall(@name@s.new, "")
    assert(not ok and message:find("empty text", 1, true), message)
end)

t.done()
