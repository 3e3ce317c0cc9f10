-- SPDX-License-Identifier: Apache-2.0
-- models.convert, m:save in both formats, m:verify: what is written opens as the same model, with
-- its tokenizer, template and ending tokens, and what is not the same model is told so.
local t = require "spec"
if not pcall(require, "moonlet") then -- plain LuaJIT
    t.test("convert", function() t.skip "not run by moonlet" end)
    t.done()
end
local moonlet = require "moonlet"
if not moonlet.models.new then
    t.test("convert", function() t.skip "no engine in this build" end)
    t.done()
end
local models = moonlet.models

local texts = {}
for i = 1, 40 do texts[i] = "Once upon a time there was a fox. 여우가 살았습니다. " .. i end
local tokenizer = moonlet.tokenizers.train { texts = texts, kind = "bpe", vocab_size = 320,
    special_tokens = { "<|endoftext|>", "<|im_start|>", "<|im_end|>" } }
local template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    .. "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

local function tiny(options)
    local all = { family = "llama", seed = 5, tokenizer = tokenizer, name = "tiny",
        chat_template = template, eos_token = "<|im_end|>", hidden_size = 64,
        intermediate_size = 96, num_hidden_layers = 2, num_attention_heads = 4,
        num_key_value_heads = 2, max_position_embeddings = 128, initializer_range = 0.2 }
    for k, v in pairs(options or {}) do all[k] = v end
    return models.new(all)
end

local folder_of_test = os.tmpname()
os.remove(folder_of_test)
assert(os.execute("mkdir -p " .. folder_of_test))
local function scratch(name) return folder_of_test .. "/" .. name end

local m = tiny()
local ids = m.tokenizer:encode "Once upon a time"

t.test("a GGUF file is the same model", function()
    local path = scratch "tiny.gguf"
    local written = m:save(path)
    t.eq({ written.path, written.format, written.type, #written.left_out },
        { path, "gguf", "f32", 0 })
    t.match(tostring(written), "tiny%.gguf   gguf · f32 · ")
    local again = models.load(path)
    t.eq(again.name, "tiny")
    t.eq(again.config.model_type, "llama")
    t.eq(again.tokenizer:encode "Once upon 여우 <|im_end|>",
        m.tokenizer:encode "Once upon 여우 <|im_end|>")
    local chat = { { role = "user", content = "Hi" } }
    t.eq(again:render(chat), m:render(chat))
    local ends = again.generation_config.eos_token_id
    t.eq(type(ends) == "table" and ends[1] or ends, m.tokenizer:id "<|im_end|>")
    local a, b = m:logits(ids):table(), again:logits(ids):table()
    local worst = 0
    for i, row in ipairs(a) do
        for j, x in ipairs(row) do worst = math.max(worst, math.abs(x - b[i][j])) end
    end
    t.ok(worst < 1e-5, worst)
    local options = { max_tokens = 12, ignore_eos = true, stream = false }
    t.eq(again:generate(ids, options).tokens, m:generate(ids, options).tokens)
end)

t.test("there and back again: a folder from the GGUF", function()
    local path, folder = scratch "back.gguf", scratch "back"
    models.convert(m, { path = path })
    local written = models.convert(path, { to = "hf", path = folder })
    t.eq({ written.format, written.type }, { "hf", "f32" })
    local again = models.load(folder)
    t.eq(again:render { { role = "user", content = "Hi" } },
        m:render { { role = "user", content = "Hi" } })
    t.eq(again:logits(ids):table(), models.load(path):logits(ids):table())
    local check = m:verify(folder)
    t.eq(check:reasons(), {})
    t.ok(check:passed())
    t.match(tostring(check), "pass: .*back is the same model")
    models.convert(m, { to = "hf", path = scratch "half", type = "bf16" })
    t.match(tostring(models.load(scratch "half")), "bf16")
end)

t.test("quantised files open, and verify says how far off they are", function()
    for _, kind in ipairs { "q8_0", "q4_0", "q4_k", "q6_k" } do
        local path = scratch(kind .. ".gguf")
        t.eq(models.convert(m, { path = path, type = kind }).type, kind)
        local check = m:verify(path, { prompts = { "fox" } })
        t.ok(check.quantised and #check.rows >= 7)
        t.ok(check:passed(), tostring(check))
    end
    t.match(tostring(models.load(scratch "q8_0.gguf")), "q8_0 %(bf16%)")
    t.match(tostring(models.load(scratch "q8_0.gguf", { dtype = "f32" })), "q8_0 %(f32%)")
end)

t.test("another model does not pass", function()
    local path = scratch "other.gguf"
    tiny { seed = 6 }:save(path)
    local check = m:verify(path)
    t.eq(check:passed(), false)
    t.match(tostring(check), "FAIL: .*divergence")
    local changed = tiny { chat_template = template:gsub("assistant", "model"),
        eos_token = "<|endoftext|>" }
    changed:save(path)
    local reasons = table.concat(m:verify(path):reasons(), "\n")
    t.match(reasons, "other tokens end a text")
    t.match(reasons, "the chat is rendered otherwise")
end)

t.test("what cannot be written says so", function()
    t.error(function() models.convert(m, { path = scratch "x.gguf", type = "q5_k" }) end, "q4_k")
    t.error(function() models.convert(m, { to = "hf", path = scratch "x", type = "q8_0" }) end,
        "written as GGUF")
    t.error(function() models.convert(m, {}) end, "no path")
    t.error(function() models.convert(m, { path = "x.gguf", to = "onnx" }) end, "gguf")
    t.error(function() m:save(scratch "x.gguf", { format = "hf" }) end, "the name of a folder")
end)

t.test("files that are no model say what they are", function()
    local function file(name)
        local path = scratch(name)
        local f = assert(io.open(path, "w"))
        f:write "x"
        f:close()
        return path
    end
    t.error(function() models.load(file "pytorch_model.bin") end, "pickle")
    t.error(function() models.load(file "weights.pt") end, "safe_serialization")
    t.error(function() models.load(file "broken.gguf") end, "broken%.gguf")
    t.error(function() models.load(scratch "none.gguf") end, "none%.gguf")
end)

os.execute("rm -rf " .. folder_of_test)
t.done()
