-- SPDX-License-Identifier: Apache-2.0
-- prompts.render: what a template sees of Lua values, functions called from templates, errors with
-- their place, limits. What templates themselves mean is tests/engine/templates' business.
local t = require "spec"

local function render(text, variables, opts) return prompts.render(text, variables, opts) end

local function fails(wanted, ...)
    local ok, message = pcall(prompts.render, ...)
    assert(not ok, "it rendered")
    t.match(tostring(message), wanted, true)
    return message
end

t.test("scalars are Python's", function()
    t.eq(render("{{ i }} {{ f }} {{ s }} {{ yes }} {{ i is integer }} {{ f is float }}",
        { i = 3, f = 2.5, s = "한", yes = true }), "3 2.5 한 True True True")
    t.eq(render("plain"), "plain")
end)

t.test("null, nothing, an empty list and an empty object stay apart", function()
    local variables = { n = json.null, a = json.array {}, o = json.object {}, plain = {} }
    t.eq(render("{{ n }}{{ n is none }} {{ u }}{{ u is defined }}", variables), "NoneTrue False")
    t.eq(render("{{ a|tojson }} {{ o|tojson }} {{ plain|tojson }} {{ n|tojson }}", variables),
        "[] {} {} null")
    local decoded = json.decode '{"n": null, "a": [], "o": {}, "deep": [[], {}, null]}'
    t.eq(render("{{ d|tojson }}", { d = decoded }),
        '{"n": null, "a": [], "o": {}, "deep": [[], {}, null]}')
end)

t.test("decoded objects keep their order, plain tables are sorted", function()
    t.eq(render("{{ d|tojson }}", { d = json.decode '{"z": 1, "a": 2, "m": 3}' }),
        '{"z": 1, "a": 2, "m": 3}')
    t.eq(render("{% for k in d %}{{ k }} {% endfor %}", { d = { z = 1, a = 2, B = 3, aa = 4 } }),
        "B a aa z ")
    t.eq(render("{{ d }}", { d = { b = 1, [2] = "x", a = 2, [-1] = "w" } }),
        "{-1: 'w', 2: 'x', 'a': 2, 'b': 1}")
    t.eq(render("{{ l }}{{ l[0] }}", { l = { "p", "q" } }), "['p', 'q']p")
    local grown = json.decode '{"z": 1}'
    grown.a = 2
    t.eq(render("{{ d|tojson }}", { d = grown }), '{"z": 1, "a": 2}')
end)

t.test("templates call Lua functions", function()
    local got
    local function f(...)
        got = { n = select("#", ...), ... }
        return "r"
    end
    t.eq(render("{{ f(1, 'two', [3], {'k': none}, none, u, named=4) }}", { f = f }), "r")
    t.eq(got.n, 7)
    t.eq({ got[1], got[2], got[3][1] }, { 1, "two", 3 })
    t.eq(got[4].k, json.null)
    t.eq(got[5], json.null)
    t.eq(got[6], nil)
    t.eq(got[7], { named = 4 })
    t.eq(render("{{ f() }}|{{ f() is undefined }}", { f = function() end }), "|True")
    t.eq(render("{{ o.f(2) + 1 }}{{ f is callable }}", { f = f,
        o = { f = function(x) return x * 2 end } }), "5True")
    t.eq(render("{{ f(2)(3) }}", { f = function(x) return function(y) return x * y end end }), "6")
    t.eq(render("{{ ['b', 'a']|map('upper')|map('lower')|sort|join(f('-')) }}", { f = tostring }),
        "a-b")
    local function clock() return "2001" end
    t.eq(render("{{ strftime_now('%Y') }}", { strftime_now = clock }), "2001")
end)

t.test("what prints itself is its text", function()
    local value = setmetatable({}, { __tostring = function() return "shown" end })
    t.eq(render("{{ v }}{{ v|length }}", { v = value }), "shown5")
end)

t.test("a template may be rendered inside a function of another", function()
    t.eq(render("{{ f('a') }}-{{ f('b') }}", {
        f = function(x) return prompts.render("<{{ x }}>", { x = x }) end,
    }), "<a>-<b>")
end)

t.test("errors of functions pass through", function()
    fails("template line 2, column 4: ", "a\n{{ f() }}", { f = function() error("boom") end })
    fails("boom", "{{ f() }}", { f = function() error("boom") end })
    local thrown = { code = 7 }
    local _, caught = pcall(prompts.render, "{{ f() }}", { f = function() error(thrown) end })
    t.ok(caught == thrown)
    fails("mail: template line 1, column 4: ", "{{ f() }}", { f = function() error("x") end },
        { name = "mail" })
end)

t.test("errors say where, and whose template it is", function()
    fails("template line 2, column 6: 'x' is undefined", "a\n{{ x.y }}")
    fails("letter: template line 1, column 1: ", "{{ 1", {}, { name = "letter" })
    fails("column 10", "{{ 'abc' + 1 }}")
    fails("did you mean 'upper'?", "{{ 'a'|uper }}")
    fails("the template says: no", "{{ raise_exception('no') }}")
    fails("max_bytes: integer", "x", {}, { max_byte = 1 })
    fails("wanted a table of names", "x", { 1, 2 })
    fails("a thread", "x", { x = coroutine.create(print) })
    local loop = {}
    loop.loop = loop
    fails("does it contain itself?", "x", { x = loop })
end)

t.test("hostile templates end in an error, by limits that can be set", function()
    local forever = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    fails("more than 1000 steps", forever, {}, { max_steps = 1000 })
    fails("more than 0.01 seconds", forever, {}, { max_seconds = 0.01 })
    fails("1000000000 bytes", "{{ 'x' * 10**9 }}")
    fails("at most 100", "{{ 'x' * 101 }}", {}, { max_bytes = 100 })
    fails("more than 100 bytes", "{% for i in range(99) %}xx{% endfor %}", {}, { max_bytes = 100 })
    fails("nested more than", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}")
    fails("nested", "{{ " .. ("("):rep(10000))
    fails("Range too big", "{{ range(10**9) }}")
    fails("wanted", "x", {}, { max_seconds = 0 })
    -- a function's own time is not the template's
    local function slow()
        local begin = os.clock()
        while os.clock() - begin < 0.3 do end
        return "done"
    end
    t.eq(render("{% for i in range(9000) %}{% endfor %}{{ f() }}{% for i in range(9000) %}"
        .. "{% endfor %}", { f = slow }, { max_seconds = 0.25 }), "done")
end)

t.test("generation spans are bytes of the result", function()
    local text, spans = render("é{% generation %}bob{% endgeneration %}.{% generation %}"
        .. "{% endgeneration %}", {}, { spans = true })
    t.eq(text, "ébob.")
    t.eq(#spans, 2)
    t.eq(text:sub(spans[1][1], spans[1][2]), "bob")
    t.eq(text:sub(spans[2][1], spans[2][2]), "")
    t.eq(select("#", render("x", {})), 1)
end)

t.done()
