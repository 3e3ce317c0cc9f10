-- SPDX-License-Identifier: Apache-2.0
-- What goes wrong from Lua, with drafts and without: prompts longer than the context, memory that
-- the system does not give (a child process with a limit). One clear error, and the next call is
-- right.
local t = require "spec"

if not models or not models.new then
    t.test("failures", function() t.skip "no engine in this build" end)
    t.done()
    return
end

local m = models.load("demo", { dtype = "f32" })
local STORY = "Once upon a time"

t.test("a draft changes nothing but the counts", function()
    local sampled = { max_tokens = 40, temperature = 0.8, seed = 4 }
    for _, opts in ipairs { { max_tokens = 40 }, sampled } do
        local plain = m:generate(STORY, opts)
        opts.draft, opts.ngram_min = "ngram", 1
        local drafted = m:generate(STORY, opts)
        t.eq(drafted.tokens, plain.tokens)
        t.eq(drafted.text, plain.text)
        t.eq(drafted.finish_reason, plain.finish_reason)
        t.ok(drafted.usage.drafted_tokens >= drafted.usage.accepted_tokens)
        t.eq(drafted.timings.accepted_tokens, drafted.usage.accepted_tokens)
        t.eq(plain.usage.drafted_tokens, nil)
        t.match(drafted:summary(), "drafted right")
    end
    local own = m:generate(STORY, { max_tokens = 40, draft = m })
    t.eq(own.text, m:generate(STORY, { max_tokens = 40 }).text)
    t.ok(own.usage.accepted_tokens > 20, "a model that drafts for itself is right")
end)

t.test("drafts in chats and agents, streamed", function()
    local function said(options)
        local c, pieces = m:chat { system = "Answer briefly." }, {}
        for k, v in pairs { max_tokens = 30, on_text = function(p) pieces[#pieces + 1] = p end } do
            options[k] = v
        end
        local answer = c("What is the capital of Korea?", options)
        t.eq(table.concat(pieces), answer.text)
        return answer.text
    end
    local plain = said {}
    t.eq(said { draft = "ngram" }, plain)
    t.eq(said { draft = m, draft_tokens = 3 }, plain)
    local c = m:chat { draft = "ngram", max_tokens = 30, system = "Answer briefly." }
    t.eq(c("What is the capital of Korea?").text, plain)
    local function agent(options)
        options.max_tokens = 20
        local tool = tools.new { name = "f", description = "f", parameters = {},
            run = function() return 1 end }
        return agents.new { model = m, tools = { tool }, options = options, max_steps = 1 } "Hi"
    end
    local ok, one = pcall(agent, {})
    local same, two = pcall(agent, { draft = "ngram" })
    t.eq(same, ok)
    t.eq(tostring(two), tostring(one))
end)

t.test("a draft that cannot be is one clear error", function()
    t.error(function() m:generate("a", { draft = "ngrams" }) end, 'wanted a Model or "ngram"')
    t.error(function() m:generate("a", { draft = 5 }) end, "draft")
    t.error(function() m:generate("a", { draft = models.scripted { "x" } }) end, "draft")
    t.error(function() m:generate("a", { draft = "ngram", draft_tokens = 0 }) end, "draft_tokens 0")
    t.error(function() m:generate("a", { draft = "ngram", ngram_min = 9 }) end, "ngram_min 9")
    local other = models.new { family = "llama", vocab_size = 64, hidden_size = 16,
        intermediate_size = 16, num_hidden_layers = 1, num_attention_heads = 1,
        num_key_value_heads = 1, seed = 1 }
    t.error(function() m:generate("a", { draft = other }) end, "64 token ids")
    t.error(function() m:generate("a", { draf = "ngram" }) end, "did you mean draft")
    other:release()
    t.error(function() m:generate("a", { draft = other }) end, "released")
end)

t.test("a prompt longer than the context", function()
    local wanted = m:generate(STORY, { max_tokens = 10 }).text
    local long = ("Once upon a time there was a small moon. "):rep(200)
    local function fails(f)
        local ok, message = pcall(f)
        assert(not ok, "no error")
        assert(message:find "512", message)
        assert(not message:find "\n", message)
    end
    fails(function() m:generate(long) end)
    fails(function() m:generate(long, { draft = "ngram" }) end)
    fails(function() m:logits(long) end)
    fails(function() m:next(long) end)
    fails(function() m:loglikelihood(long, " end") end)
    local c = m:chat { max_tokens = 10 }
    fails(function() c(long) end)
    t.eq(#c.messages, 0)
    t.ok(#c("Hi").text >= 0)
    t.eq(m:embed(long).shape[1], 1) -- cut, as sentence-transformers does
    t.eq(m:generate(STORY, { max_tokens = 10 }).text, wanted)
    local ids = {}
    for i = 1, 512 do ids[i] = 10 + i % 50 end
    t.eq(m:logits(ids).shape[1], 512)
    fails(function() m:generate(ids) end)
    ids[512] = nil
    local last = m:generate(ids, { ignore_eos = true })
    t.eq({ #last.tokens, last.finish_reason }, { 1, "length" })
end)

t.test("memory that is not there: how much was asked for, and the shell lives", function()
    local script = os.tmpname()
    local f = assert(io.open(script, "w"))
    f:write [[
        local ffi = require "ffi"
        ffi.cdef "struct limit { unsigned long now, most; };"
        ffi.cdef "int setrlimit(int resource, const struct limit *limits);"
        local m = models.new { family = "llama", vocab_size = 100000, hidden_size = 64,
            intermediate_size = 64, num_hidden_layers = 1, num_attention_heads = 1,
            num_key_value_heads = 1, max_position_embeddings = 4096, seed = 1 }
        local ids = {}
        for i = 1, 4000 do ids[i] = i end
        local function answer()
            return table.concat(m:generate({ 1, 2, 3 }, { max_tokens = 5 }).tokens, " ")
        end
        local before = answer()
        local pages = tonumber(io.open("/proc/self/statm"):read "*n")
        local limit = ffi.new("struct limit", pages * 4096 + 4e8, pages * 4096 + 4e8)
        assert(ffi.C.setrlimit(9, limit) == 0) -- RLIMIT_AS
        print(pcall(m.logits, m, ids))
        print("alive", answer() == before)
        print(pcall(models.new, { family = "llama", vocab_size = 2000000, hidden_size = 512,
            intermediate_size = 64, num_hidden_layers = 1, num_attention_heads = 1,
            num_key_value_heads = 1, seed = 1 }))
        print("alive", answer() == before)
    ]]
    f:close()
    local child = io.popen(("%q %q 2>&1"):format(arg[-1], script))
    local said = child:read "*a"
    child:close()
    os.remove(script)
    local wanted = "false\t[^\n]*out of memory: [%d.]+ [MG]B asked for in one piece"
    local _, errors = said:gsub(wanted, "")
    t.eq(errors, 2, said)
    local _, alive = said:gsub("alive\ttrue", "")
    t.eq(alive, 2, said)
    assert(not said:find("frame #", 1, true), said)
end)

t.done()
