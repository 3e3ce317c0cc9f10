-- SPDX-License-Identifier: Apache-2.0
-- tools.http against a local server, and an agent over a remote model there. The rules that need no
-- server are in test_tool_shell.lua.
local t = require "spec"

local build = os.getenv "MOONLET_BUILD" or (t.root .. "/build")
local server = io.popen("exec '" .. build .. "/openai_server'")
local url = server and server:read("*l")
if not url then
    t.test("the test server", function() error("cannot start " .. build .. "/openai_server") end)
    t.done()
end

local http = tools.http { allow_hosts = { "127.0.0.1" }, methods = { "POST", "GET" },
    max_bytes = 8 }

t.test("an answer is status, type and text, cut and marked", function()
    local r = http { url = url .. "/nowhere", method = "GET" }
    t.eq({ r.status, r.url }, { 400, url .. "/nowhere" }) -- it wants a body
    t.eq(r.body, "the body\n[cut: the first 8 of 19 bytes]")
    t.match(r.type, "^text/plain")
    r = http { url = url .. "/chat/completions", body = '{"model": "ok", "messages": []}' }
    assert(r.status >= 200, "it was posted")
end)

t.test("what does not answer is an error that the model can read", function()
    t.match(http:answer({ url = "http://127.0.0.1:1/" }).content, "^error: .*127%.0%.0%.1:1")
    t.match(http:answer({ url = url, method = "DELETE" }).content, 'wanted "POST" or "GET"')
end)

t.test("several transfers at the same time, as calls of an agent", function()
    local calls = {}
    for i = 1, 8 do
        calls[i] = { name = "http", arguments = { url = url .. "/" .. i, method = "GET" } }
    end
    local a = agents.new { model = models.scripted { { calls = calls }, "ok" }, tools = { http },
        max_calls = 10 }
    local r = a "go"
    t.eq(r.text, "ok")
    for i, call in ipairs(r.calls) do
        t.eq({ call.status, call.value.url }, { "ok", url .. "/" .. i })
    end
end)

t.done()
