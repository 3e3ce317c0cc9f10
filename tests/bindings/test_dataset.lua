-- SPDX-License-Identifier: Apache-2.0
-- Datasets as Lua sees them: rows, callbacks, views, printing, saving, review.
local t = require "spec"
local text = require "moonlet.text"
local session = require "moonlet.session"

local folder = os.tmpname()
os.remove(folder)
os.execute("mkdir -p '" .. folder .. "'")

local function write(name, bytes)
    local path = folder .. "/" .. name
    local f = assert(io.open(path, "wb"))
    f:write(bytes)
    f:close()
    return path
end

local function numbers(n)
    local rows = {}
    for i = 1, n do rows[i] = { n = i, kind = i % 3 == 0 and "fizz" or "plain" } end
    return datasets.new(rows)
end

-- Over 16 MB, where rows are read when they are asked for.
local big_path
local function big()
    if not big_path then
        local lines, pad = {}, ("x"):rep(1000)
        for i = 1, 18000 do lines[i] = ('{"n": %d, "pad": "%s"}\n'):format(i, pad) end
        big_path = write("big.jsonl", table.concat(lines))
    end
    return datasets.load(big_path)
end

t.test("rows: length, index, negative index, iter, ipairs, table, column", function()
    local ds = datasets.load(write("a.jsonl", '{"b": 1, "a": null}\n{"b": 2, "a": "x"}\n'))
    t.eq(#ds, 2)
    t.eq(ds[2].a, "x")
    t.eq(ds[1].a, nil)
    t.eq(ds[-1].b, 2)
    t.eq(ds[3], nil)
    t.eq(ds[0], nil)
    local seen = {}
    for i, row in ds:iter() do seen[i] = row.b end
    for i, row in ipairs(ds) do seen[i] = seen[i] + row.b end
    t.eq(seen, { 2, 4 })
    t.eq(#ds:table(), 2)
    t.eq(ds:column "a", json.array { json.null, "x" })
    t.eq(json.encode(ds[2]), '{"b":2,"a":"x"}') -- the file's order
    t.error(function() return ds[1.5] end, "1.5")
    t.error(function() return ds:column "aa" end, 'one of: b, a')
end)

t.test("columns: names with types, also by name", function()
    local ds = datasets.load(write("c.csv", "name,n,share,ok\nx,1,0.5,true\ny,,2,false\n"))
    t.eq(tostring(ds.columns), "name: string, n: integer, share: number, ok: boolean")
    t.eq(ds.columns[2].name, "n")
    t.eq(ds.columns.share, "number")
    t.eq(ds.columns.nope, nil)
    t.eq(ds[2].n, nil)
    t.eq(ds[1].ok, true)
end)

t.test("filter and map: small data at once, errors name the row", function()
    local calls = 0
    local ds = numbers(10):filter(function(x, i)
        calls = calls + 1
        return x.n == i and i > 4
    end)
    t.eq(calls, 10)
    t.eq(ds:column "n", json.array { 5, 6, 7, 8, 9, 10 })
    local mapped = ds:map(function(x) return { new = x.n * 2, n = x.n } end)
    t.eq(json.encode(mapped[1]), '{"n":5,"new":10}')
    t.eq(ds:map(function(x) return "row " .. x.n end)[2].text, "row 6")
    t.error(function() ds:map(function() end) end, "row 5: the function returned nothing")
    t.error(function() ds:map(function(x) return x.n.z.y end) end, "row 5: .*attempt to index")
    t.error(function() ds:filter(function(x) return x.n < x.nope end) end, "row 5: .*compare")
    t.error(function() ds:map(function() return { f = print } end) end, "row 5: a function")
    local ok, thrown = pcall(ds.filter, ds, function() error({ code = 7 }) end)
    t.eq(ok, false)
    t.eq(thrown.code, 7)
    t.error(function() ds:filter() end, "keep")
end)

t.test("filter and map: big data on demand, in any coroutine", function()
    local ds, calls = big(), 0
    local odd = coroutine.wrap(function()
        return ds:filter(function(x)
            calls = calls + 1
            return x.n % 2 == 1
        end)
    end)()
    collectgarbage()
    t.eq(calls, 0)
    t.eq(odd:take(3)[3].n, 5)
    t.ok(calls < 20, "looked at " .. calls)
    local squares = odd:map(function(x) return { n = x.n * x.n } end)
    local first = coroutine.wrap(function() return squares[2].n end)()
    t.eq(first, 9)
    t.match(tostring(ds), "about")
    t.eq(#odd, 9000)
    t.eq(#ds, 18000)
    t.match(tostring(ds), "18,000 rows (8 shown)", true)
    t.error(function() return ds:map(function(x) return x.nope.y end)[4] end, "big.jsonl:4: ")
end)

t.test("split, shuffle, take, skip, sort, concat, batch, select, rename", function()
    local ds = numbers(10)
    local train, test = ds:split(0.8, { seed = 3 })
    t.eq({ #train, #test }, { 8, 2 })
    t.eq(train.seed, 3)
    t.eq(json.encode(train:table()), json.encode((ds:split(0.8, { seed = 3 })):table()))
    local parts = ds:split({ train = 0.5, valid = 0.3, test = 0.2 }, { seed = 1 })
    t.eq({ #parts.train, #parts.valid, #parts.test }, { 5, 3, 2 })
    local seen = {}
    for _, part in pairs(parts) do
        for _, row in part:iter() do seen[row.n] = (seen[row.n] or 0) + 1 end
    end
    t.eq(seen, { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })
    t.eq(#ds:split(7), 7)
    t.error(function() ds:split { train = 0.8, test = 0.4 } end, "at most 1")
    t.error(function() ds:split { train = 0.8, seed = 4 } end, "options come after")
    local drawn = ds:shuffle()
    t.eq(json.encode(ds:shuffle { seed = drawn.seed }:table()), json.encode(drawn:table()))
    t.eq(ds:skip(8):column "n", json.array { 9, 10 })
    t.eq(#ds:take(99), 10)
    t.eq(ds:sort("n", { descending = true })[1].n, 10)
    t.eq(ds:sort(function(x) return x.kind end)[1].kind, "fizz")
    t.eq(#(ds .. ds:take(2)), 12)
    t.eq(#ds:concat { ds, ds }, 30)
    local sizes = {}
    for rows in ds:batch(4) do sizes[#sizes + 1] = #rows end
    t.eq(sizes, { 4, 4, 2 })
    t.eq(json.encode(ds:select { "n" }[1]), '{"n":1}')
    t.eq(ds:rename { kind = "label" }[3].label, "fizz")
    t.error(function() ds:take(-1) end, "%-1 rows")
    t.error(function() ds:batch(0) end, "0 rows a batch")
    t.error(function() ds:shuffle { sed = 1 } end, "seed")
end)

t.test("group: a dataset for each value, pairs by first appearance", function()
    local groups = numbers(7):group "kind"
    local order = {}
    for value, rows in pairs(groups) do order[#order + 1] = value .. #rows end
    t.eq(order, { "plain5", "fizz2" })
    t.eq(groups.fizz[1].n, 3)
    t.match(tostring(groups), "2 groups")
    local odd = numbers(4):group(function(x) return x.n % 2 == 1 end)
    t.eq(#odd[true], 2)
end)

t.test("training formats are shown, give messages and can be said", function()
    local ds = datasets.new { { question = "2+2?", answer = "4" } }
    t.eq(ds.format, "question_answer")
    t.eq(ds:messages(1)[2].content, "4")
    t.match(tostring(ds), "question_answer")
    t.eq(numbers(2).format, nil)
    t.error(function() numbers(2):messages(1) end, "row 1: rows of no known training format")
    local path = write("f.jsonl", '{"instruction": "a", "output": "b", "text": "c"}\n')
    t.eq(datasets.load(path).format, "alpaca")
    t.eq(datasets.load(path, { format = "text" }).format, "text")
    t.error(function() datasets.load(path, { format = "txt" }) end, '"text"')
end)

t.test("broken rows: file and line, or counted", function()
    local path = write("broken.jsonl", '{"a": 1}\n{"a": \n{"a": 3}\n')
    t.error(function() datasets.load(path) end, "broken.jsonl:2: the row is not JSON")
    local ds = datasets.load(path, { on_error = "skip" })
    t.eq({ #ds, ds.skipped, ds[2].a }, { 2, 1, 3 })
    t.match(tostring(ds), "1 broken row skipped")
    t.error(function() datasets.load(folder .. "/*.xml") end, "no file matches .*%*%.xml")
end)

t.test("printing: boxes as wide as the terminal, wide characters, ASCII", function()
    local ds = datasets.new { { question = "한글은 두 칸을 차지합니다", answer = "a\nb" },
        { question = ("long "):rep(100), answer = nil, n = 7 } }
    local width, unicode = session.width, session.unicode
    for _, columns in ipairs { 24, 40, 80, 200 } do
        for _, mode in ipairs { true, false } do
            session.width, session.unicode = columns, mode
            local lines, wide = {}, nil
            for line in tostring(ds):gmatch("[^\n]+") do lines[#lines + 1] = line end
            for _, line in ipairs(lines) do
                wide = wide or text.width(line)
                t.eq(text.width(line), wide, line)
            end
            t.ok(wide <= columns, wide .. " columns in " .. columns)
        end
    end
    session.width, session.unicode = 80, true
    t.match(tostring(ds), "a\\nb", true)
    t.match(tostring(ds), "│ 한글은 두 칸을 차지합니다", true)
    local many = {}
    for i = 1, 40 do many["column" .. i] = i end
    t.match(tostring(datasets.new { many }), "of 40 columns shown")
    t.match(tostring(datasets.new {}), "0 rows")
    session.width, session.unicode = width, unicode
end)

t.test("save: what is read back is the same", function()
    local ds = datasets.load(write("s.jsonl",
        '{"t": "a, \\"b\\"\\nc", "n": 1, "x": [1, {"y": 2}]}\n{"t": "", "n": 2.5}\n'))
    for _, name in ipairs { "out.jsonl", "out.json" } do
        t.eq(ds:save(folder .. "/" .. name), 2)
        t.eq(json.encode(datasets.load(folder .. "/" .. name):table()), json.encode(ds:table()))
    end
    ds:select { "t", "n" }:save(folder .. "/out.csv")
    t.eq(t.read(folder .. "/out.csv"), 't,n\n"a, ""b""\nc",1\n"",2.5\n')
    t.error(function() ds:save(folder .. "/out.xlsx") end, "%.jsonl")
    t.error(function() ds:save(folder .. "/none/out.csv") end, "cannot write")
end)

t.test("a dataset is data for a trainer, as a list is", function()
    if not models or not models.new then t.skip "no engine in this build" end
    local model = models.new { family = "llama", vocab_size = 64, hidden_size = 16,
        intermediate_size = 16, num_hidden_layers = 1, num_attention_heads = 1,
        num_key_value_heads = 1, seed = 1 }
    local rows = { { input_ids = { 1, 2, 3, 4 } }, { input_ids = { 5, 6, 7 } } }
    local function loss(data)
        local copy = models.new { family = "llama", vocab_size = 64, hidden_size = 16,
            intermediate_size = 16, num_hidden_layers = 1, num_attention_heads = 1,
            num_key_value_heads = 1, seed = 1 }
        return trainers.cpt { model = copy, data = data, max_steps = 1, seed = 1 }:step().loss
    end
    t.eq(loss(datasets.new(rows)), loss(rows))
    t.error(function() trainers.cpt { model = model, data = numbers(0), max_steps = 1 } end,
        "no rows")
    t.error(function() trainers.cpt { model = model, data = 3, max_steps = 1 } end, "data")
end)

t.test("compiled code goes on behind an error over a function that a dataset keeps", function()
    local ds = numbers(3)
    local function bad() return { print } end
    local function kind(x)
        if type(x) == "string" then return 1 end
        return x and 2 or 3
    end
    local sum = 0
    for _ = 1, 200 do sum = sum + kind "text" end
    for i = 1, 200 do
        pcall(ds.map, ds, bad)
        sum = sum + kind(i % 2 == 0) + kind(i)
    end
    t.eq(sum, 200 + 100 * 5 + 200 * 2)
    t.error(function() ds:map(bad) end, "row 1: a function")
end)

t.test("review: prints, indexes and encodes", function()
    local ds = datasets.new { { text = "one text", label = 1 }, { text = "one text", label = 0 },
        { text = "the {{name}} of it", label = 1 } }
    local r = ds:review { against = datasets.new { { text = "One  text", label = 1 } } }
    t.eq(r.duplicates.groups[1], json.array { 1, 2 })
    t.eq(r.labels.values[1].rows, 2)
    t.eq(r.suspicious[2].why, "the place holder {{name}}")
    t.eq(#r.leakage[1].exact + #r.leakage[1].near, 2)
    for _, wanted in ipairs { "3 rows", "label", "1 = 2", "{{name}}", "leakage" } do
        t.match(tostring(r), wanted, true)
    end
    t.match(json.encode(r), '^{"name":')
    t.eq(r:table().rows, 3)
    r = ds:review { against = { valid = ds:take(1), test = ds:skip(2) }, near = 0 }
    t.eq({ r.leakage[1].split, r.leakage[2].split }, { "test", "valid" })
    t.eq(#r.leakage[2].exact, 2)
    t.eq(r.near, nil)
    t.error(function() ds:review { text = "txt" } end, '"text"')
    t.error(function() ds:review { nearr = 1 } end, "near")
end)

t.test("release closes, and every later use says so", function()
    local ds = numbers(2)
    ds:release()
    t.error(function() return #ds end, "has been released")
    t.eq(tostring(ds), "dataset (released)")
end)

t.test("real data: NSMC as tsv, penguins, a sheet of Korean chats", function()
    local nsmc = datasets.load(t.data "nsmc/ratings_train_2000.txt", { reader = "tsv" })
    t.eq(#nsmc, 2000)
    t.eq(tostring(nsmc.columns), "id: integer, document: string, label: integer")
    t.eq(#nsmc:group "label" [1] + #nsmc:group "label" [0], 2000)
    t.match(nsmc:sort "id" [1].document, ".")
    local penguins = datasets.load(t.data "docs/csv/penguins.csv")
    t.eq({ #penguins, penguins.columns.body_mass_g, penguins[4].body_mass_g }, { 344, "integer" })
    t.eq(#datasets.load(t.data "instructions/chatbot_ko_4000.csv"), 4000)
end)

os.execute("rm -r '" .. folder .. "'")
t.done()
