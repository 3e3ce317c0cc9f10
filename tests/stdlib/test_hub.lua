-- SPDX-License-Identifier: Apache-2.0
-- models.pull, models.load "org/name" and models.list against a local hub (build/hub_server) whose
-- repositories do what their names say. The other half of the cache's layout is proved in
-- tests/engine/formats/test_hub_cache.cpp.
local t = require "spec"
local ffi = require "ffi"
local hub_files = require "moonlet.hub_files"
local pulled = require "moonlet.hub_pulled"

ffi.cdef [[int setenv(const char *, const char *, int); int unsetenv(const char *);]]

local build = os.getenv "MOONLET_BUILD" or (t.root .. "/build")
local model_folder = t.path "tests/golden/generation/llama"
local server = io.popen(("exec '%s/hub_server' '%s'"):format(build, model_folder))
local url = server and server:read "*l"
if not url then
    t.test("the test server", function() error("cannot start " .. build .. "/hub_server") end)
    t.done()
end

local TOKEN = "hf_testtesttesttest"
local base = os.tmpname()
os.remove(base)
local function shell(command) return os.execute(command) end
shell("mkdir -p '" .. base .. "'")

-- The environment is the test's own: nothing of the machine's cache or token is seen.
local function env(name, value)
    if value then ffi.C.setenv(name, value, 1) else ffi.C.unsetenv(name) end
end
for _, name in ipairs { "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE",
    "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN" } do
    env(name, nil)
end
env("HF_ENDPOINT", url)
env("HF_HOME", base .. "/home")

local count = 0
local function fresh()
    count = count + 1
    return base .. "/cache" .. count
end

-- What the servers were asked so far: {host=, method=, path=, headers=}.
local function log()
    local job = require("moonlet_base").functions["_http.start"] { url = url .. "/log" }
    return json.decode(job:result().body)
end
local function fetched(pattern)
    local n = 0
    for _, request in ipairs(log()) do
        if request.path:find(pattern, 1, true) then n = n + 1 end
    end
    return n
end

local function names(value)
    local list = {}
    for i, file in ipairs(value.files) do list[i] = file.name end
    return table.concat(list, " ")
end

local function fails(pattern, f, ...)
    local ok, message = pcall(f, ...)
    t.ok(not ok, "no error where one was wanted: " .. pattern)
    t.match(message, pattern, true)
    t.ok(not message:find(TOKEN, 1, true), "the token stands in an error")
    return message
end

t.test("a pull gives what loading needs, says what it did, and is found again", function()
    local cache = fresh()
    local p = models.pull("org/plain", { cache = cache })
    t.eq(names(p), "README.md config.json model.safetensors tokenizer.json")
    t.eq(p.licence, "apache-2.0")
    t.eq(p.bytes, p.received)
    t.eq(#p.commit, 40)
    t.eq(p.folder, cache .. "/models--org--plain/snapshots/" .. p.commit)
    t.eq(p.path, p.folder)
    t.eq(t.read(p.folder .. "/config.json"), '{"model_type": "llama"}\n')
    t.eq(t.read(cache .. "/models--org--plain/refs/main"), p.commit)
    t.match(tostring(p), "^org/plain   main %x+ · 4 files · 300%.1 kB · licence apache%-2%.0")
    t.match(getmetatable(p).__display(p), "model.safetensors", true)
    local before = fetched "/resolve/"
    local again = models.pull("org/plain", { cache = cache })
    t.eq(again.received, 0)
    t.eq(again:table().files[1].there, true)
    t.match(tostring(again), "all of it was there", true)
    t.eq(fetched "/resolve/", before)
    t.eq(models.pull("org/plain", { cache = cache, force = true }).received, p.bytes)
end)

t.test("patterns are huggingface_hub's", function()
    local golden = json.decode(t.read(t.path "tests/golden/formats/hub.json"))
    for _, case in ipairs(golden.patterns.cases) do
        local found = {}
        for _, name in ipairs(golden.patterns.files) do
            if hub_files.fits(name, { case[1] }) then found[#found + 1] = name end
        end
        t.eq(table.concat(found, " "), table.concat(case[2], " "), case[1])
    end
    for _, case in ipairs(golden.licences) do
        local wanted = case[2]
        if wanted == json.null then wanted = nil end
        if type(wanted) == "table" then wanted = table.concat(wanted, ", ") end
        t.eq(pulled.card_licence(case[1]), wanted, case[1])
    end
end)

t.test("weights in parts, whatever they are called", function()
    local p = models.pull("org/parts", { cache = fresh() })
    t.eq(names(p), "README.md config.json model-00001-of-00002.safetensors "
        .. "model-00002-of-00002.safetensors model.safetensors.index.json tokenizer.json")
    t.match(names(models.pull("org/odd", { cache = fresh() })),
        "weights-a.safetensors weights-b.safetensors", true)
end)

t.test("GGUF is chosen by a pattern; pickle is refused", function()
    local cache = fresh()
    local said = fails("holds 2 GGUF models; choose one", models.pull, "org/gguf",
        { cache = cache })
    t.match(said, "tiny-Q8_0.gguf (4.0 kB)", true)
    local p = models.pull("org/gguf", { cache = cache, files = "*Q8_0*" })
    t.eq(p.path, p.folder .. "/tiny-Q8_0.gguf")
    t.eq(models.pull("org/gguf:tiny-Q4_K_M.gguf", { cache = cache }).path,
        p.folder .. "/tiny-Q4_K_M.gguf")
    t.match(models.pull("org/one", { cache = cache }).path, "/tiny%-Q4_K_M%.gguf$")
    fails("did you mean 'tiny-Q8_0.gguf'?", models.pull, "org/gguf",
        { cache = cache, files = "tiny-Q8_1.gguf" })
    fails("Python's pickle", models.pull, "org/pickled", { cache = cache })
    t.eq(names(models.pull("org/pickled", { cache = cache, files = { "*.bin" } })),
        "pytorch_model.bin")
end)

t.test("a listing without sizes and hashes: each file is asked for", function()
    local p = models.pull("org/bare", { cache = fresh() })
    t.eq(p.bytes, 300000 + #t.read(p.folder .. "/config.json")
        + #t.read(p.folder .. "/README.md") + #t.read(p.folder .. "/tokenizer.json"))
end)

t.test("trouble on the way is got over, or said", function()
    for _, name in ipairs { "cut", "early", "norange", "busy", "flaky", "moved" } do
        local p = models.pull("org/" .. name, { cache = fresh() })
        t.eq(#t.read(p.folder .. "/model.safetensors"), 300000, name)
    end
    local cache = fresh()
    local function pull(name, opts)
        opts = opts or {}
        opts.cache, opts.retries = cache, 1
        return models.pull(name, opts)
    end
    fails("model.safetensors: its content is not what the hub says", pull, "org/wrong")
    fails("config.json: its content is not what the hub says", pull, "org/wrong2")
    t.ok(not io.open(cache .. "/models--org--wrong/snapshots/x"))
    fails("299990 bytes", pull, "org/short")
    fails("status 503", pull, "org/down")
    fails("asks to wait", pull, "org/busier")
    fails("redirects", pull, "org/loop")
    fails("there is no such model", pull, "org/nowhere")
    fails("this revision is not", pull, "org/plain", { revision = "v9" })
    fails("the model is gated: accept its terms at " .. url .. "/org/gated", pull, "org/gated")
    fails("has no file that fits 'confg.json', did you mean 'config.json'", pull, "org/plain",
        { files = "confg.json" })
    fails("outside the model's folder", pull, "org/outside", { files = "*" })
    fails("is no name of a model", pull, "../org/plain")
    fails("did you mean revision", pull, "org/plain", { revison = "x" })
    fails("files is an empty list", pull, "org/plain", { files = {} })
    fails("files holds a number", pull, "org/plain", { files = { 1 } })
    fails("wanted integer", pull, "org/plain", { parallel = "x" })
    fails("nothing answers there", pull, "org/plain", { endpoint = "http://127.0.0.1:1" })
    fails("not as a model hub does", pull, "x/y", { endpoint = url .. "/log?" })
end)

t.test("the token goes to the hub only, and stands nowhere", function()
    local cache = fresh()
    fails("no token was sent", models.pull, "org/private", { cache = cache })
    local p = models.pull("org/private", { cache = cache, token = TOKEN })
    local function holds(value)
        if type(value) == "string" then return value:find(TOKEN, 1, true) end
        if type(value) ~= "table" then return false end
        for k, v in pairs(value) do
            if holds(k) or holds(v) then return true end
        end
    end
    t.ok(not holds(p) and not tostring(p):find(TOKEN, 1, true))
    fails("Bearer [token]", models.pull, "org/echo", { cache = cache, token = TOKEN })
    env("HF_TOKEN", TOKEN)
    models.pull("org/private", { cache = fresh() })
    fails("no token was sent", models.pull, "org/private", { cache = fresh(), token = false })
    fails("the account of the token", models.pull, "org/gated", { cache = fresh() })
    env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    fails("no token was sent", models.pull, "org/private", { cache = fresh() })
    models.pull("org/private", { cache = fresh(), token = true })
    env("HF_HUB_DISABLE_IMPLICIT_TOKEN", nil)
    env("HF_TOKEN", nil)
    shell(("mkdir -p '%s/home' && echo %s > '%s/home/token'"):format(base, TOKEN, base))
    models.pull("org/private", { cache = fresh() })
    os.remove(base .. "/home/token")
    local sent = 0
    for _, request in ipairs(log()) do
        if request.headers.authorization then
            sent = sent + 1
            t.eq(request.host, "hub")
        end
    end
    t.ok(sent > 0)
end)

t.test("a branch that moves on is followed; what did not change is not fetched again", function()
    local cache = fresh()
    local first = models.pull("org/next", { cache = cache })
    local second = models.pull("org/next", { cache = cache })
    t.ok(first.commit ~= second.commit)
    t.eq(t.read(second.folder .. "/config.json"), '{"model_type": "gpt2"}')
    t.eq(t.read(first.folder .. "/config.json"), '{"model_type": "llama"}\n')
    t.eq(second.received, #'{"model_type": "gpt2"}')
    t.eq(t.read(cache .. "/models--org--next/refs/main"), second.commit)
    -- a commit never changes: no request at all
    local before = #log()
    local old = models.pull("org/next@" .. first.commit, { cache = cache })
    t.eq(old.folder, first.folder)
    t.eq(#log(), before + 1) -- the log's own
end)

t.test("offline, and without the hub, the cache is what there is", function()
    local cache = fresh()
    local p = models.pull("org/plain", { cache = cache })
    local gone = models.pull("org/plain", { cache = cache, endpoint = "http://127.0.0.1:1" })
    t.eq(gone.folder, p.folder)
    t.match(gone.note, "the hub could not be asked", true)
    local before = #log()
    env("HF_HUB_OFFLINE", "1")
    t.eq(models.pull("org/plain", { cache = cache }).folder, p.folder)
    fails("HF_HUB_OFFLINE is set", models.pull, "org/parts", { cache = cache })
    fails("lacks *.gguf", models.pull, "org/plain", { cache = cache, files = "*.gguf" })
    fails("force asks the hub", models.pull, "org/plain", { cache = cache, force = true })
    os.remove(p.folder .. "/model.safetensors")
    fails("lacks model.safetensors", models.pull, "org/plain", { cache = cache })
    env("HF_HUB_OFFLINE", nil)
    t.eq(#log(), before + 1)
    t.eq(models.pull("org/plain", { cache = cache }).received, 0) -- only the link was missing
end)

t.test("killed in the middle, the next pull goes on there", function()
    local cache = fresh()
    local file = io.popen(([[exec 2>&1; '%s/moonlet' -e 'models.pull("org/stall", {cache = "%s"})' &
        echo $!; wait]]):format(build, cache))
    local pid = file:read "*l"
    local function partial()
        local found = io.popen(("ls -l '%s'/models--org--stall/blobs/*.incomplete 2>&1")
            :format(cache))
        local size = tonumber(found:read "*a":match "^%S+%s+%S+%s+%S+%s+%S+%s+(%d+)")
        found:close()
        return size or 0
    end
    for _ = 1, 600 do
        if partial() >= 150000 then break end
        shell "sleep 0.1"
    end
    t.eq(partial(), 150000)
    shell("kill -9 " .. pid)
    file:close()
    local p = models.pull("org/stall", { cache = cache })
    t.eq(#t.read(p.folder .. "/model.safetensors"), 300000)
    for _, each in ipairs(p.files) do
        t.eq(each.resumed or false, each.name == "model.safetensors", each.name)
    end
end)

t.test("pulls side by side in tasks", function()
    local tasks, cache = require "moonlet.tasks", fresh()
    local outcomes = tasks.run {
        { run = models.pull, arguments = { "org/plain", { cache = cache } } },
        { run = models.pull, arguments = { "org/parts", { cache = cache } } },
        { run = models.pull, arguments = { "org/nowhere", { cache = cache } } },
    }
    t.eq(outcomes[1].value.id, "org/plain")
    t.eq(outcomes[2].value.id, "org/parts")
    t.match(outcomes[3].error, "there is no such model", true)
end)

t.test("two processes that pull the same share the work", function()
    local cache = fresh()
    local before, runs = fetched "/org/cut/model.safetensors", {}
    for i = 1, 2 do
        runs[i] = io.popen(([['%s/moonlet' -e 'print(models.pull("org/cut",
            {cache = "%s"}).bytes)' 2>&1]]):format(build, cache))
    end
    local out = { runs[1]:read "*a", runs[2]:read "*a" }
    for i = 1, 2 do runs[i]:close() end
    t.match(out[1], "^300%d+\n$")
    t.eq(out[2], out[1])
    t.eq(fetched "/org/cut/model.safetensors" - before, 3) -- cut at each third
end)

t.test("tokenizers.load takes a name of the hub, and only the tokenizer's files", function()
    env("HF_HUB_CACHE", fresh())
    local ids = tokenizers.load(model_folder):encode "Once upon"
    local before = #log()
    t.eq(tokenizers.load("org/tiny"):encode "Once upon", ids)
    t.eq(#log(), before + 4) -- the listing, two files, the log
    t.eq(tokenizers.load("org/tiny@main"):encode "Once upon", ids)
    t.eq(#log(), before + 5)
    fails("there is no such model", tokenizers.load, "org/nowhere")
    fails("org/gguf has no tokenizer.json", tokenizers.load, "org/gguf")
    env("HF_HUB_CACHE", nil)
end)

t.test("a cache that cannot be written serves as long as nothing is missing", function()
    local cache = fresh()
    local p = models.pull("org/plain", { cache = cache })
    shell(("rm -rf '%s/models--org--plain/.no_exist' '%s/CACHEDIR.TAG'; chmod -R a-w '%s'")
        :format(cache, cache, cache))
    t.eq(models.pull("org/plain", { cache = cache }).folder, p.folder)
    shell(("chmod -R u+w '%s'"):format(cache))
end)

t.test("models.load finds it in the cache, pulls it where it is not there", function()
    if not require("moonlet.names")["models.new"] then t.skip "this build has no engine" end
    local cache = fresh()
    env("HF_HUB_CACHE", cache)
    env("HF_HUB_OFFLINE", "1")
    fails("has nothing of org/tiny@main, and HF_HUB_OFFLINE is set", models.load, "org/tiny")
    env("HF_HUB_OFFLINE", nil)
    local opts = { max_tokens = 8, stream = false }
    local wanted = models.load(model_folder):generate("Once upon", opts).text
    local m = models.load "org/tiny"
    t.eq(m.name, "tiny")
    t.eq(m:generate("Once upon", opts).text, wanted)
    local before = #log()
    t.eq(models.load("org/tiny"):generate("Once upon", opts).text, wanted)
    t.eq(#log(), before + 1) -- from the cache, without a question
    t.eq(models.load(models.pull "org/tiny").name, "tiny")
    t.eq(models.load("org/tiny@main", { dtype = "f32" }).name, "tiny")
    fails("this revision is not", models.load, "org/tiny", { revision = "v9" })
    fails("revision= is for models of the hub", models.load, "demo", { revision = "v9" })
    fails("Python's pickle", models.load, "org/pickled")
    fails("no model", models.load, "no-such-model")
    fails("no-such-folder/x.gguf", models.load, "no-such-folder/x.gguf")
    env("HF_HUB_CACHE", nil)
end)

t.test("models.list shows ours, the cache's and those of a folder", function()
    local cache = fresh()
    models.pull("org/tiny", { cache = cache })
    models.pull("org/plain", { cache = cache })
    local list = models.list(t.path "tests/golden/generation", { cache = cache })
    local by = {}
    for _, row in ipairs(list) do by[row.name] = row end
    t.eq(by.demo.family, "llama")
    t.eq(by["org/tiny"].family, "llama")
    t.eq(by["org/tiny"].parameters, 86352)
    t.eq(by["org/tiny"].dtype, "f32")
    t.ok(by["org/plain"].problem, "noise is no model")
    t.ok(by[t.path "tests/golden/generation" .. "/llama"])
    t.match(tostring(list), "org/tiny", true)
    t.match(tostring(list), "86.4 K", true)
    t.match(tostring(models.list({}, { cache = base .. "/nowhere" })), "demo", true)
    t.eq(#list:table(), #list)
    t.error(function() models.list({}, { cach = "x" }) end, "did you mean cache")
end)

server:close()
shell("rm -rf '" .. base .. "'")
t.done()
