-- SPDX-License-Identifier: Apache-2.0
-- tools.lua: what code may do, and every way out or into endlessness that was thought of.
local t = require "spec"

local function run(code, opts) return tools.lua(opts)(code and { code = code }) end

local function content(code, opts) return tools.lua(opts):answer({ code = code }).content end

t.test("runs expressions and chunks, keeps output and result", function()
    t.eq(run "2 + 2", { result = 4 })
    t.eq(run "local s = 0; for i = 1, 10 do s = s + i end; return s", { result = 55 })
    t.eq(run "print(1, 'a', nil)", { output = "1\ta\tnil\n" })
    t.eq(run("n + #list", { globals = { n = 3, list = { 1, 2 } } }), { result = 5 })
    t.eq(json.encode(run "{a = {1, 2}, b = 'x'}".result), '{"a":[1,2],"b":"x"}')
    t.match(run "print".result, "^function")
    t.match(run "local t = {}; t.t = t; return t".result, "^table")
    t.eq(run "local ok, e = pcall(error, 'x'); return e", { result = "x" })
    t.eq(run "coroutine.wrap(function() coroutine.yield(7) end)()", { result = 7 })
    t.eq(run "bit.band(12, 10)", { result = 8 })
    t.match(content "local x = = 1", "^error: .*code:1: ")
    t.match(content "print 'before' error 'broken'", "broken\nprinted before:\nbefore")
    t.match(content "error {}", "an error that is no text")
end)

t.test("patterns are Lua's own", function()
    -- each line is judged by this LuaJIT's own string library
    for _, code in ipairs {
        "('hello world'):find('o w')", "('hello'):find('l+')", "('a.b'):find('.', 1, true)",
        "('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "('x'):match('()')",
        "('abc'):find('b', -1)",
        "('  trim '):gsub('^%s+', '')", "('abc'):gsub('', '-')", "('abc'):gsub('%w', '%0%0', 2)",
        "('f(a(b)c)d'):match('%b()')", "('THE (quick) fox'):find('%f[%a]%a+%f[%A]', 5)",
        "('a,b,,c'):gsub(',', {[','] = ';'})", "('abc'):gsub('b', function() end)",
        "('aa'):match('(a)%1')", "('[x]'):match('[]]')", "('a-z'):gsub('[a%-z]', '.')",
        "('abc'):gsub('(a)(b)', '%2%1')", "('äö'):gsub('[\\128-\\255]', '?')",
        "('abc'):find('')",
        "('x=1, y=2'):gsub('(%w)=(%w)', '%2=%1')", "('abc'):match('a-c')", "('aXb'):match('%u')",
        "('abc'):find('c$')", "('a$'):find('a$', 1)", "('abc'):find('[^a-b]')",
        "('abc'):find('d', 10)",
        "('one two'):match('(%a+) (%a+)')", "('a\\0b'):find('%z')", "(''):gsub('x*', '-')",
        "('hello'):gsub('l', {l = false})", "('0x1F'):match('^0[xX](%x+)$')",
        "('abc'):match('.-$')",
    } do
        local wanted = { assert(loadstring("return " .. code))() }
        t.eq(run("{" .. code .. "}").result, wanted, code)
    end
    t.eq(run [[local w = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do w[#w + 1] = k .. v end
        return w]].result, { "a1", "b2" })
    t.eq(run [[local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n]].result, 4)
    for _, pattern in ipairs { "%", "[a", "(a", "a)", "%b", "%f", "%1" } do
        t.eq(run(("pcall(string.find, 'aaa', %q)"):format(pattern)).result, false, pattern)
    end
end)

t.test("nothing of the outside is there", function()
    for _, name in ipairs { "io", "os", "ffi", "jit", "package", "debug", "require", "load",
        "loadstring", "loadfile", "dofile", "module", "newproxy", "getfenv", "setfenv",
        "collectgarbage", "models", "tools", "moonlet", "arg", "string.dump", "string.buffer" } do
        t.eq(run(name).result, nil, name)
    end
    t.eq(run "getmetatable('').__index == string".result, true)
    t.eq(run "getmetatable('').__index.dump".result, nil)
    run "getmetatable('').__index.upper = function() return 'stolen' end; string.len = nil"
    t.eq({ ("a"):upper(), ("a"):len() }, { "A", 1 })
    run "_G.print = 1; table.insert = nil; math.floor = nil"
    t.eq(math.floor(1.5), 1)
    t.eq(run "table.insert ~= nil".result, true) -- nothing is left for the next call
    local bytecode = string.dump(function() return 1 end)
    t.eq(tools.lua():answer({ code = bytecode }).status, "error")
end)

t.test("what never ends is stopped", function()
    for _, code in ipairs {
        "while true do end", "for i = 1, math.huge do end", "local function f() return f() end f()",
        "while true do pcall(function() while true do end end) end",
        "local function f() pcall(f) f() end f()",
        "coroutine.wrap(function() while true do end end)()",
        "while true do local c = coroutine.create(function() while true do end end) "
            .. "coroutine.resume(c) end",
        "xpcall(function() while true do end end, function() while true do end end) "
            .. "while true do end",
        "setmetatable(_G, {__index = function() while true do end end}) return nothing",
        "print(setmetatable({}, {__tostring = function() while true do end end}))",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "('x'):rep(100):gsub('.', function() while true do end end)",
        "('a'):rep(1e5):find(('.-'):rep(30) .. 'b')", "('a'):rep(3e6):find('.-.-b')",
        "return #('x'):rep(1e6):gsub('x', function() return nil end):gsub('(x*)y', '')",
        "('a'):rep(4e6):find(('a'):rep(2e6) .. 'b', 1, true)",
        "local t = {} for i = 1, 1e5 do t[i] = i end while true do table.remove(t, 1) "
            .. "table.insert(t, 1, 1) end",
        "while true do ('x'):rep(1e6) end",
    } do
        local answer = tools.lua { timeout = 2, instructions = 3e6 }:answer { code = code }
        t.eq(answer.status, "error", code)
        t.match(answer.content, "stopped: ")
    end
end)

t.test("what eats memory is refused", function()
    for _, code in ipairs {
        "return #('x'):rep(1e9)", "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end", "('x'):rep(1e6):gsub('x', ('y'):rep(1e6))",
        "local t = {} for i = 1, 1e7 do t[i] = i end",
        "table.concat({('x'):rep(9e6), ('y'):rep(9e6)})",
        "local f f = function() return coroutine.wrap(function() f() end)() end f()",
        "local function f() return ('x'):gsub('.', f) end f()",
        "return string.format(('%s'):rep(100), unpack((function() local t = {} for i = 1, 100 do "
            .. "t[i] = ('x'):rep(1e6) end return t end)()))",
        "local t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(1e5) .. #t end) end",
        "unpack({}, 1, 1e8)", ("("):rep(1000), "x = " .. ("{"):rep(10000),
    } do
        t.eq(tools.lua { timeout = 3 }:answer({ code = code }).status, "error", code:sub(1, 60))
    end
    local flood = run("for i = 1, 1e4 do print(('x'):rep(100)) end", { max_output = 1000 })
    t.match(flood.output, "%[cut: %d+ more bytes%]")
    assert(#flood.output < 1100)
    t.match(content "local s = 'x' while true do s = s .. s end", "not enough memory")
    t.match(content("while true do end", { instructions = 1000 }), "too many instructions")
    t.match(content("while true do end", { instructions = 1e12, timeout = 0.2 }), "out of time")
end)

t.test("limits are checked", function()
    t.error(function() tools.lua { timeot = 1 } end, "did you mean timeout")
    t.match(content("1", { memory = 10 }), "a limit is too small")
end)

t.done()
