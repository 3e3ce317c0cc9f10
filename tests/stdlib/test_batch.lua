-- SPDX-License-Identifier: Apache-2.0
-- Many prompts at a time, what a model keeps of what it read, and contexts that overflow, as Lua
-- sees them. A tiny model with random weights is enough, so nothing is skipped.
local t = require "spec"
if not pcall(require, "moonlet") then -- plain LuaJIT
    t.test("native model", function() t.skip "not run by moonlet" end)
    t.done()
end
local moonlet = require "moonlet"
if not moonlet.models.new then
    t.test("native model", function() t.skip "no engine in this build" end)
    t.done()
end
local generation = require "moonlet.generation"

local texts = {}
for i = 1, 40 do texts[i] = "Once upon a time there was a fox. 여우가 살았습니다. " .. i end
local tokenizer = moonlet.tokenizers.train { texts = texts, kind = "bpe", vocab_size = 320,
    special_tokens = { "<|endoftext|>", "<|im_start|>", "<|im_end|>" } }
local template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    .. "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
local function new()
    return moonlet.models.new { family = "llama", seed = 5, tokenizer = tokenizer, name = "tiny",
        chat_template = template, eos_token = "<|im_end|>", hidden_size = 32,
        intermediate_size = 64, num_hidden_layers = 2, num_attention_heads = 2,
        num_key_value_heads = 1, max_position_embeddings = 128 }
end
local m = new()
local LONG = ("a fox and a fox "):rep(6)
local OPTS = { max_tokens = 8, temperature = 1, seed = 7, ignore_eos = true, invariant = true }
local ONE = { max_tokens = 8, temperature = 1, ignore_eos = true }

t.test("generate_batch gives what generate gives, in order", function()
    local prompts = { "Once", LONG, { 5, 6, 7 }, "Once", "there was" }
    for _, size in ipairs { 1, 3, 16 } do
        OPTS.batch_size = size
        local answers = m:generate_batch(prompts, OPTS)
        t.eq(#answers, 5)
        for i, answer in ipairs(answers) do
            ONE.seed = 7 + i - 1
            local one = new():generate(prompts[i], ONE)
            t.ok(generation.is(answer))
            t.eq(answer.tokens, one.tokens)
            t.eq(answer.text, one.text)
            t.eq(answer.seed, ONE.seed)
            t.eq(answer.prompt, one.prompt)
        end
    end
end)

t.test("seeds may be given one by one", function()
    local answers = m:generate_batch({ "Once", "Once" }, { max_tokens = 8, temperature = 1,
        seeds = { 3, 3 }, ignore_eos = true })
    t.eq(answers[1].tokens, answers[2].tokens)
    t.error(function() m:generate_batch({ "Once" }, { seeds = { 1, 2 } }) end, "one for each")
end)

t.test("lists of messages are rendered", function()
    local said = { { role = "user", content = "a fox" } }
    local answers = m:generate_batch({ said, "a fox" }, { max_tokens = 4 })
    t.eq(answers[1].prompt.text, m:render(said, { add_generation_prompt = true }))
    t.eq(answers[1].tokens, m:generate(said, { max_tokens = 4 }).tokens)
    t.eq(answers[2].prompt.text, "a fox")
end)

t.test("one that fails says so, the others go on", function()
    local answers = m:generate_batch({ "Once", LONG:rep(5), { 9999 } }, { max_tokens = 4 })
    t.eq(answers[1].error, nil)
    t.eq(#answers[1].tokens, 4)
    t.ok(answers[2].error:find "context")
    t.eq(answers[2].finish_reason, "error")
    t.ok(answers[3].error:find "9999")
    t.error(function() m:generate_batch({ "Once", 7 }) end, "prompt 2 is a number")
    t.error(function() m:generate_batch({ "Once" }, { batch_sise = 2 }) end, "batch_size")
    t.error(function() m:generate_batch({ "Once" }, { batch_size = 0 }) end, "at least 1")
    t.eq(#m:generate_batch({}), 0)
end)

t.test("a listener hears each row and may refuse one", function()
    local heard = { "", "" }
    local answers = m:generate_batch({ "Once", "there" }, { max_tokens = 6, ignore_eos = true,
        on_text = function(piece, i)
            heard[i] = heard[i] .. piece
            return i ~= 1
        end })
    t.eq(heard, { answers[1].text, answers[2].text })
    t.eq(answers[1].finish_reason, "callback")
    t.eq(answers[2].finish_reason, "length")
    t.error(function()
        m:generate_batch({ "Once" }, { on_text = function() error "enough" end })
    end, "enough")
    t.eq(#m:generate_batch({ "Once" }, { max_tokens = 2 })[1].tokens, 2)
end)

t.test("the cache tells what it keeps", function()
    local n = new()
    t.eq(n:cache().tokens, 0)
    local prompt = tokenizer:encode(LONG)
    local first = n:generate(prompt, { max_tokens = 2 })
    n:generate("Once upon", { max_tokens = 2 })
    local again = n:generate(prompt, { max_tokens = 2 })
    t.eq(first.timings.reused_tokens, 0)
    t.ok(again.timings.reused_tokens >= 32)
    t.eq(again.tokens, first.tokens)
    local cache = n:cache()
    t.eq(cache.reused_tokens, again.timings.reused_tokens)
    t.eq({ cache.hits, cache.texts, cache.kv }, { 1, 3, "f32" })
    t.ok(cache.bytes > 0 and cache.bytes <= cache.budget)
    t.ok(tostring(cache):find "1 of 3 texts began alike")
    t.eq(n:cache({ clear = true }).tokens, 0)
    t.eq(n:generate(prompt, { max_tokens = 2 }).timings.reused_tokens, 0)
end)

t.test("a full context ends, or slides and says so", function()
    local ids = tokenizer:encode(LONG)
    local ended = m:generate(ids, { max_tokens = 300, ignore_eos = true })
    t.eq(#ids + #ended.tokens, 128)
    t.eq({ ended.finish_reason, ended.slid }, { "length" })
    local slid = m:generate(ids, { max_tokens = 300, ignore_eos = true, overflow = "slide" })
    t.eq(#slid.tokens, 300)
    t.eq(slid.finish_reason, "length")
    t.ok(slid.slid >= 3 and slid.dropped_tokens == 64 * slid.slid)
    t.error(function() m:generate(ids, { overflow = "drop" }) end, "slide")
end)

t.test("evals ask many rows at a time, with the same answers", function()
    local rows = {}
    for i = 1, 5 do rows[i] = { text = texts[i], answer = "fox " .. i } end
    rows[3].text = LONG:rep(9) -- too long: this row fails
    local opts = { max_tokens = 6, chat = false, temperature = 1, seed = 4 }
    local result = moonlet.evals.accuracy(m, rows, opts)
    for i, row in ipairs(result.rows) do
        if i == 3 then
            t.ok(row.error:find "context")
        else
            local one = m:generate(rows[i].text, { max_tokens = 6, temperature = 1, seed = 4 })
            t.eq(row.text, one.text)
        end
    end
    t.eq(#result.rows, 5)
end)

t.test("a prefix goes to a file and back", function()
    local path = os.tmpname()
    local prompt = tokenizer:encode(LONG)
    local kept = m:save_prefix(path, prompt)
    t.ok(kept >= 32 and kept <= #prompt)
    local n = new()
    t.eq(n:load_prefix(path), kept)
    local answer = n:generate(prompt, { max_tokens = 5 })
    t.ok(answer.timings.reused_tokens >= 32)
    t.eq(answer.tokens, m:generate(prompt, { max_tokens = 5 }).tokens)
    local other = moonlet.models.new { family = "llama", seed = 6, hidden_size = 32,
        num_hidden_layers = 2, num_attention_heads = 2, num_key_value_heads = 1,
        vocab_size = 320 }
    t.error(function() other:load_prefix(path) end, "other weights")
    os.remove(path)
    t.error(function() n:load_prefix(path) end)
    t.error(function() m:save_prefix(path, "fox") end, "at least 32")
end)

t.test("keys and values as int8, and a budget that is kept", function()
    local demo, int8 = moonlet.models.load "demo", moonlet.models.load("demo", { kv = "int8" })
    local text = demo:generate("Once upon a time", { max_tokens = 150, ignore_eos = true }).text
    local a, b = demo:loglikelihood("Once", text), int8:loglikelihood("Once", text)
    t.ok(math.abs(a.logprob - b.logprob) / a.tokens < 0.01)
    t.ok(a.logprob ~= b.logprob)
    t.eq(int8:cache().kv, "int8")
    local small = moonlet.models.load("demo", { kv_budget = 200000 })
    t.error(function() small:generate(text, { max_tokens = 4 }) end, "kv_budget")
    t.eq(small:generate("Once", { max_tokens = 4 }).text,
        demo:generate("Once", { max_tokens = 4 }).text)
    t.error(function() moonlet.models.load("demo", { kv = "int4" }) end, "int8")
end)

t.done()
