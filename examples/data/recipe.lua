-- SPDX-License-Identifier: Apache-2.0
-- The numbers and the small steps of train_demo.lua: sizes, chat template, arguments, how many
-- steps fit in the time, what is printed on the way, and the end of it: the model in bf16 with a
-- card whose figures are measured here on what the training has not seen.

local recipe = {}

recipe.full = { vocab_size = 3072, hidden_size = 256, layers = 5, stories = 2500, dialogues = 16000,
    batch_size = 4, max_length = 512, steps = 2500, questions = 300,
    sample = 60 }
-- Small enough for a test; it learns nothing.
recipe.quick = { vocab_size = 400, hidden_size = 64, layers = 2, stories = 30, dialogues = 60,
    documents = 60, batch_size = 2, max_length = 64, steps = 3, questions = 5,
    sample = 4 }

-- The chat template has one home, beside the model.
local here = debug.getinfo(1, "S").source:match("^@(.*)recipe%.lua$") or ""
local file = assert(io.open(here .. "../models/demo/chat_template.jinja", "rb"))
recipe.template = file:read "*a"
file:close()

--- {folder=, steps=, minutes=, out=, quick=} from the command line.
function recipe.arguments(given)
    local opts, i = {}, 1
    while given[i] do
        local name = given[i]:match("^%-%-(%w+)$")
        if name == "quick" then
            opts.quick = true
        elseif name == "steps" or name == "minutes" or name == "out" or name == "from"
            or name == "stage" then
            i = i + 1
            opts[name] = (name == "out" or name == "from") and given[i] or tonumber(given[i])
            if not opts[name] then error("--" .. name .. " wants a value", 0) end
        elseif not name and not opts.folder then
            opts.folder = given[i]
        else
            error("unknown argument '" .. given[i]
                .. "'; known: [folder] --steps N --minutes M --out DIR --quick", 0)
        end
        i = i + 1
    end
    return opts
end

--- Every 25th piece is held out of the training; at most `limit` are used at all.
function recipe.hold_out(pieces, limit)
    local held, kept = {}, {}
    for i = 1, math.min(#pieces, limit or #pieces) do
        local list = i % 25 == 0 and held or kept
        list[#list + 1] = pieces[i]
    end
    return held, kept
end

--- How many steps fit in `minutes`, from the speed of a few; nil without minutes. The model keeps
--- the trial's learning, which is next to none at this learning rate.
function recipe.steps_in(minutes, model, rows, size)
    if not minutes then return nil end
    local trial = trainers.cpt { model = model, data = rows, max_steps = 4, lr = 1e-9, seed = 2,
        batch_size = size.batch_size, max_length = size.max_length }
    trial:run()
    local seconds = (trial.history[3].seconds + trial.history[4].seconds) / 2
    trial:release()
    return math.max(1, math.floor(minutes * 60 / seconds))
end

function recipe.report(step, steps, model)
    local every = math.max(1, math.floor(steps / 40))
    if step.step % every == 0 or step.step == 1 or step.step == steps then
        print(("step %d/%d   loss %.3f   lr %.2g   %.0f tok/s   about %.0f s left"):format(step.step,
            steps, step.loss, step.lr, step.tokens_per_second, (steps - step.step) * step.seconds))
    end
    if step.step % (every * 10) == 0 then
        local text = model:generate("Once upon a time", { max_tokens = 40, stream = false }).text
        print("   Once upon a time" .. text:gsub("\n", "\n   "))
    end
end

local function write(path, content)
    local out = assert(io.open(path, "wb"))
    out:write(content)
    out:close()
end

local function quoted(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

-- The trained f32 weights as bf16 in `out`, ending at either end token.
local function save(model, out)
    local folder = os.tmpname()
    os.remove(folder)
    model:save(folder)
    local half = models.load(folder, { dtype = "bf16" })
    half:save(out)
    half:release()
    os.execute("rm -r " .. quoted(folder))
    local config = model.generation_config
    config.eos_token_id = { model.tokenizer:id "<|im_end|>", model.tokenizer:id "<|endoftext|>" }
    write(out .. "/generation_config.json", json.encode(config) .. "\n")
    return models.load(out)
end

-- Natural-log loss per token of the later part of held-out pieces, given their beginning.
local function held_out_loss(model, held)
    local sum, tokens = 0, 0
    for i = 1, math.min(#held, 60) do
        local context = held[i]:sub(1, 60):match("^(.+)%s")
        if context and #model.tokenizer:encode(held[i]) <= 512 then
            local likelihood = model:loglikelihood(context, held[i]:sub(#context + 1))
            sum, tokens = sum - likelihood.logprob, tokens + likelihood.tokens
        end
    end
    return tokens > 0 and sum / tokens or 0, tokens
end

-- How many last answers of unseen dialogues greedy decoding gets exactly, and their loss.
local function exact_answers(model, questions, seen)
    local right, asked, sum, tokens = 0, 0, 0, 0
    for messages in questions do
        if not seen[model:render(messages, { add_generation_prompt = false })] then
            local answer = table.remove(messages).content .. "<|im_end|>"
            local likelihood = model:loglikelihood(model:render(messages,
                { add_generation_prompt = true }), answer)
            asked, right = asked + 1, right + (likelihood.greedy and 1 or 0)
            sum, tokens = sum - likelihood.logprob, tokens + likelihood.tokens
        end
    end
    return right, asked, tokens > 0 and sum / tokens or 0
end

local CARD = [[
# demo

A very small language model for trying out moonlet: llama family, %s, %s tokens of vocabulary (own
byte-level BPE), context 512, ChatML template, bf16. Made from nothing by `examples/train_demo.lua`;
the numbers below were measured at the end of that run.

| | |
|---|---|
| data | %s rows, %s tokens: %s generated dialogues (`examples/data/dialogues.lua`), %s generated stories, %s |
| training | %d steps of %d x %d tokens (%.1f passes), AdamW, learning rate 1.2e-3 with warm-up and cosine, weight decay 0.1, seed 1 |
| time | %.0f minutes, %.0f tokens/s on the machine's CPU |
| training loss | first step %.3f, mean of the last tenth %.3f (nats per token) |
| held-out texts | %.3f nats per token over %s tokens of pieces left out of the training |
| held-out dialogues | %d of %d last answers exactly right (greedy); loss of the answers %.3f |

Held-out dialogues come from the same generator with another seed, none of them word for word in the
training data: the figure says how well it learned these kinds of questions, not how well it talks.

## What it cannot do
It has been shown a few capitals, authors, opposites, colours, sums up to 12 + 12, facts about moonlet,
formulaic fables and a few sentences of Korean, and answers most such questions. It often fails at
what needs more than remembering: comparing numbers, where to stop counting, repeating several words,
the name it was told, a sum when it is to answer briefly. It knows nothing else of the world, answers
other questions wrongly with full confidence, does not reason, sees at most 512 tokens, and is for
demonstrations and tests only.

## Licence
Apache-2.0. %s
]]

--- Saves, measures, writes the card, prints samples.
function recipe.finish(run)
    local history, size = run.trainer.history, run.size
    local model = save(run.trainer.model, run.out)
    local loss, loss_tokens = held_out_loss(model, run.held)
    local right, asked, answer_loss = exact_answers(model, run.questions, run.seen)
    local seconds, read, tail, count = 0, 0, 0, math.max(1, math.floor(#history / 10))
    for i, step in ipairs(history) do
        seconds, read = seconds + step.seconds, read + step.tokens_per_second * step.seconds
        if i > #history - count then tail = tail + step.loss / count end
    end
    local card = CARD:format(tostring(model):match("[%d.]+ [KMB] params") or "?", #model.tokenizer,
        #run.rows, run.tokens, size.dialogues, size.stories, #run.files > 0
        and "and these texts: " .. table.concat(run.files, ", ") or "and no other text", #history,
        size.batch_size, size.max_length, history[#history].epoch, seconds / 60, read / seconds,
        history[1].loss, tail, loss, loss_tokens, right, asked, answer_loss, run.folder
        and "The texts named above, from a folder given by the user, have their own terms."
        or "The texts it read are in the public domain or were generated by the scripts named here.")
    write(run.out .. "/README.md", card)
    print("saved " .. run.out .. "\n" .. card:match("|%-%-%-|%-%-%-|\n(.-)\n\n"))
    local chat = model:chat { max_tokens = size.sample }
    for _, question in ipairs { "Hello!", "What is the capital of Korea?", "What is 3 + 4?",
        "Who wrote Hamlet?", "What is moonlet?", "한국의 수도는 어디예요?" } do
        print("> " .. question .. "\n" .. tostring(chat(question, { stream = false })))
    end
end

return recipe
