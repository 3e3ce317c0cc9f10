-- SPDX-License-Identifier: Apache-2.0
-- What the stdlib makes of a native model: Generations, streaming, seeds, the last prompt, bars and
-- chats. A tiny model with random weights is enough, so nothing is skipped.
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
local m = moonlet.models.new { family = "llama", seed = 5, tokenizer = tokenizer, name = "tiny",
    chat_template = template, eos_token = "<|im_end|>", hidden_size = 32, intermediate_size = 64,
    num_hidden_layers = 2, num_attention_heads = 2, num_key_value_heads = 1,
    max_position_embeddings = 128 }
local SAMPLED = { max_tokens = 12, temperature = 1.5, seed = 3, ignore_eos = true }

local function with(more)
    local opts = {}
    for k, v in pairs(SAMPLED) do opts[k] = v end
    for k, v in pairs(more) do opts[k] = v end
    return opts
end

t.test("a Generation has every field and is its text", function()
    local g = m:generate("Once upon", SAMPLED)
    t.ok(generation.is(g))
    t.eq(tostring(g), g.text)
    t.eq(g .. "|", g.text .. "|")
    t.eq(#g.tokens, 12)
    t.eq(g.finish_reason, "length")
    t.eq(g.usage.prompt_tokens, #tokenizer:encode "Once upon")
    t.eq(g.usage.total_tokens, g.usage.prompt_tokens + 12)
    t.eq(g.seed, 3)
    t.eq(g.prompt.text, "Once upon")
    t.eq(g.prompt.ids, tokenizer:encode "Once upon")
    t.eq({ g.thinking, g.calls, g.interrupted }, { "", {}, false })
    t.ok(g.timings.completion_seconds > 0 and g.timings.first_token_seconds > 0)
    t.eq(tokenizer:decode(g.tokens, { skip_special = true }), g.text)
    t.eq(getmetatable(g:table()), nil)
    t.match(g:summary(), "12 tokens .* length · seed 3")
end)

t.test("a seed gives its text again; a drawn seed is reported", function()
    t.eq(m:generate("fox", SAMPLED).text, m:generate("fox", SAMPLED).text)
    local drawn = m:generate("fox", { max_tokens = 12, temperature = 1.5 })
    local again = m:generate("fox", { max_tokens = 12, temperature = 1.5, seed = drawn.seed })
    t.eq(again.text, drawn.text)
end)

t.test("the streamed pieces are the whole; returning false stops", function()
    local pieces = {}
    local g = m:generate("fox", with { on_text = function(piece) pieces[#pieces + 1] = piece end })
    t.eq(table.concat(pieces), g.text)
    t.eq(g.text, m:generate("fox", SAMPLED).text)
    local stopped = m:generate("fox", with { on_text = function() return false end })
    t.eq(stopped.finish_reason, "callback")
    t.ok(#stopped.tokens < 12)
    t.error(function() m:generate("fox", { on_text = function() error "mine" end }) end, "mine")
end)

t.test("logprobs come per token, under the unmodified distribution", function()
    local g = m:generate("fox", with { logprobs = true, max_tokens = 3 })
    t.eq(#g.logprobs, 3)
    t.eq(g.logprobs[1].id, g.tokens[1])
    for _, row in ipairs(m:next("fox", { top = 320 })) do
        if row.id == g.tokens[1] then t.near(row.logprob, g.logprobs[1].logprob, 1e-4) end
    end
end)

t.test("the last prompt is kept for :prompt, with its pieces", function()
    m:generate("fox 여", { max_tokens = 1 })
    local last = generation.last_prompt()
    t.eq(last.text, "fox 여")
    t.eq(last.ids, tokenizer:encode "fox 여")
    t.eq(#last.tokens, #last.ids)
    t.eq(last.tokens[1], tokenizer:decode { last.ids[1] })
end)

t.test("next tokens are rows, most likely first, and print", function()
    local n = m:next("fox", { top = 4 })
    t.eq(#n, 4)
    t.ok(n[1].probability >= n[2].probability)
    t.near(math.log(n[1].probability), n[1].logprob, 1e-4)
    local lines = select(2, tostring(n):gsub("\n", "\n"))
    t.eq(lines, 3)
end)

t.test("a chat goes through the template, special tokens once", function()
    local c = m:chat { system = "s", max_tokens = 4 }
    local g = c "hi"
    local wanted = "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
        .. "<|im_start|>assistant\n"
    t.eq(g.prompt.text, wanted)
    t.eq(g.prompt.ids, tokenizer:encode(wanted, { special = false }))
    t.eq(#c.messages, 3)
    t.eq(c.messages[3].content, g.text)
    t.eq(c:render(), wanted .. g.text .. "<|im_end|>\n")
    t.error(function() c("x", { max_token = 3 }) end, "max_tokens")
    t.eq(#c.messages, 3)
    local long = ("word "):rep(400)
    t.error(function() c(long) end, "128")
    t.eq(#c.messages, 3)
end)

t.test("wrong options name the right ones", function()
    t.error(function() m:generate("x", { temprature = 1 }) end, "temperature")
    t.error(function() m:generate("x", { max_tokens = "many" }) end, "max_tokens")
    t.error(function() m:next("x", { topp = 1 }) end, "top")
    t.error(function() m:generate() end, "")
end)

t.done()
