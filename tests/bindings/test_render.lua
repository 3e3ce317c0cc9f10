-- SPDX-License-Identifier: Apache-2.0
-- m:render: the prompt's text, its ids and the mask of what the assistant says, from one call.
local t = require "spec"
local moonlet = require "moonlet"

if not moonlet.models.new then
    t.test("m:render", function() t.skip "no engine in this build" end)
    t.done()
end

local tokenizer = tokenizers.train { texts = { "user assistant hello Well, well 한글" },
    vocab_size = 300, special_tokens = { "<|im_end|>" } }
local template = [[
{%- if tools %}tools {{ tools|length }}
{% endif %}
{%- for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}
{%- generation %}{{ m.content }}<|im_end|>{% endgeneration %}
{%- else %}{{ m.content }}{% endif %}{{ '\n' }}
{%- endfor %}{{ note }}{{ today() if today }}{% if add_generation_prompt %}assistant: {% endif %}]]
local m = models.new { family = "llama", seed = 5, tokenizer = tokenizer, name = "tiny",
    chat_template = template, eos_token = "<|im_end|>", hidden_size = 16, intermediate_size = 16,
    num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 1,
    max_position_embeddings = 128 }
local talk = { { role = "user", content = "hello" }, { role = "assistant", content = "Well, 한글" } }

t.test("text alone, with variables and functions", function()
    t.eq(m:render({ talk[1] }), "user: hello\nassistant: ")
    t.eq(select("#", m:render(talk)), 1)
    local text = m:render({ talk[1] }, { add_generation_prompt = false, note = "N", tools = { {} },
        today = function() return "today" end })
    t.eq(text, "tools 1\nuser: hello\nNtoday")
end)

t.test("ids and mask come from the same call", function()
    local text, ids, mask = m:render(talk, { ids = true, add_generation_prompt = false })
    t.eq(ids, tokenizer:encode(text, { special = false }))
    local said = {}
    for i, id in ipairs(ids) do said[#said + 1] = mask[i] == 1 and id or nil end
    t.eq(#mask, #ids)
    t.eq(tokenizer:decode(said), "Well, 한글<|im_end|>")
end)

t.test("an answer is continued", function()
    t.eq(m:render(talk, { continue_final_message = true }), "user: hello\nassistant: Well, 한글")
    local ok, message = pcall(m.render, m, talk,
        { continue_final_message = true, add_generation_prompt = true })
    t.ok(not ok)
    t.match(message, "wanted one of them", true)
end)

t.test("a template may be given, and faults are clear", function()
    t.eq(m:render(talk, { template = "{{ messages|length }}" }), "2")
    local function fails(wanted, messages, opts)
        local ok, message = pcall(m.render, m, messages, opts)
        t.ok(not ok)
        t.match(tostring(message), wanted, true)
    end
    fails("no chat template named", talk, { template = "rag" })
    fails("add_generation_prompt: boolean", talk, { add_generation_prompt = "yes" })
    fails("not a list", { role = "user" })
    fails("boom", talk, { today = function() error("boom") end })
end)

t.done()
