-- SPDX-License-Identifier: Apache-2.0
-- Trains examples/models/demo from nothing: own BPE vocabulary, small llama, texts and dialogues.
--     moonlet examples/train_demo.lua [folder] [--steps N | --minutes M] [--out DIR] [--quick]
-- folder: texts to learn from; without one the public-domain texts of the shared data, if present.
local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
io.stdout:setvbuf "line" -- so that a log shows how far it is
local function example(name) return dofile(root .. "/examples/data/" .. name .. ".lua") end
local texts, dialogues, stories = example "texts", example "dialogues", example "stories"
local recipe, random = example "recipe", example "random"

local opts = recipe.arguments(arg)
local size = opts.quick and recipe.quick or recipe.full
local documents, files
if opts.folder then documents, files = texts.folder(opts.folder)
else documents, files = texts.public_domain(root) end
local r = random(7)
for _ = 1, size.stories do documents[#documents + 1] = stories.make(r) end
local held, kept = recipe.hold_out(documents, size.documents)
print(("texts: %d pieces from %d files and %d generated stories, %d held out"):format(#documents,
    #files, size.stories, #held))

-- The vocabulary is learned from the same texts; the first ids are the special tokens.
local sample = {}
for i, text in ipairs(kept) do sample[i] = text end
for messages in dialogues { seed = 1, count = size.dialogues / 4 } do
    for _, message in ipairs(messages) do sample[#sample + 1] = message.content end
end
local tokenizer = tokenizers.train { texts = sample, kind = "bpe", vocab_size = size.vocab_size,
    special_tokens = { "<|endoftext|>", "<|im_start|>", "<|im_end|>" } }
local model = models.new { family = "llama", name = "demo", seed = 1, tokenizer = tokenizer,
    chat_template = recipe.template, eos_token = "<|im_end|>", hidden_size = size.hidden_size,
    intermediate_size = 2 * size.hidden_size, num_hidden_layers = size.layers,
    num_attention_heads = 4, num_key_value_heads = 2, max_position_embeddings = 512 }
print(tokenizer, model)

-- Documents end with <|endoftext|>; a dialogue is what the chat template makes of it.
local rows, seen = {}, {}
for i, text in ipairs(kept) do rows[i] = text .. "<|endoftext|>" end
for messages in dialogues { seed = 1, count = size.dialogues } do
    local text = model:render(messages, { add_generation_prompt = false })
    seen[text], rows[#rows + 1] = true, text
end
local tokens = 0
for i, text in ipairs(rows) do
    rows[i] = { input_ids = tokenizer:encode(text) }
    tokens = tokens + #rows[i].input_ids
end
print(("rows: %d, %d tokens, of them %d dialogues"):format(#rows, tokens, size.dialogues))

local steps = opts.steps or recipe.steps_in(opts.minutes, model, rows, size) or size.steps
local t = trainers.cpt { model = model, data = rows, max_steps = steps, lr = 1.2e-3, seed = 1,
    batch_size = size.batch_size, max_length = size.max_length, weight_decay = 0.1, beta2 = 0.95,
    min_lr_ratio = 0.05 }
t:run { on_step = function(step) recipe.report(step, steps, model) end }

local out = opts.out or (opts.quick and (os.getenv "TMPDIR" or "/tmp") .. "/moonlet-demo-quick")
    or root .. "/examples/models/demo"
recipe.finish { trainer = t, out = out, held = held, files = files, folder = opts.folder,
    tokens = tokens, rows = rows, size = size, seen = seen,
    questions = dialogues { seed = 4242, count = size.questions } }
