-- SPDX-License-Identifier: Apache-2.0
-- Proxies: identity, release, helpful errors, and native bytes that press the collector.
local t = require "spec"

if not models or not models.new then
    t.test("objects", function() t.skip "no engine in this build" end)
    t.done()
    return
end

local function peak_mb()
    for line in io.lines("/proc/self/status") do
        local kb = line:match("^VmHWM:%s+(%d+)")
        if kb then return tonumber(kb) / 1024 end
    end
end

local model = models.new { family = "llama", vocab_size = 1024, hidden_size = 16,
    intermediate_size = 16, num_hidden_layers = 1, num_attention_heads = 1,
    num_key_value_heads = 1, max_position_embeddings = 2048,
    seed = 1 }

t.test("2,000 dropped objects of 4 MB peak under 400 MB", function()
    local ids = {}
    for i = 1, 1024 do ids[i] = i - 1 end
    for _ = 1, 2000 do
        local logits = model:logits(ids)
        assert(logits.shape[1] * logits.shape[2] * 4 == 4 * 1024 * 1024)
    end
    local peak = peak_mb()
    print(("peak %.0f MB"):format(peak))
    assert(peak < 400, "peak " .. peak .. " MB")
end)

t.test("the same object is the same value", function()
    local trainer = trainers.cpt { model = model, data = { { input_ids = { 1, 2, 3, 4 } } },
        max_steps = 1 }
    assert(trainer.model == model)
end)

t.test("release gives the object back and every later use says so", function()
    local tensor = model:logits { 1, 2 }
    tensor:release()
    tensor:release()
    local ok, message = pcall(function() return tensor:table() end)
    t.eq(ok, false)
    assert(message:find("has been released", 1, true), message)
    assert(tostring(tensor):find("released", 1, true))
end)

t.test("a method called with '.' and a misspelt one are explained", function()
    local ok, message = pcall(function() return model.logits({ 1 }) end)
    assert(not ok and message:find("':'", 1, true), message)
    ok, message = pcall(function() return model:logit { 1 } end)
    assert(not ok and message:find('did you mean "logits"', 1, true), message)
end)

t.test("unknown options and wrong arguments are refused with the legal ones", function()
    local ok, message = pcall(model.generate, model, { 1 }, { max_token = 3 })
    assert(not ok and message:find("max_tokens: integer", 1, true), message)
    ok, message = pcall(model.generate, model, { 1 }, { max_tokens = "3" })
    assert(not ok and message:find("max_tokens", 1, true), message)
    ok, message = pcall(model.generate, model)
    assert(not ok and message:find("missing", 1, true), message)
    ok, message = pcall(models.load, "no-such-model")
    assert(not ok and message:find("no-such-model", 1, true), message)
    ok, message = pcall(models.new, { family = "lama" })
    assert(not ok and message:find('"llama"', 1, true), message)
end)

t.test("a callback's error arrives as it was, whatever it was", function()
    local tok = tokenizers.train { texts = { "to be or not to be" }, vocab_size = 260 }
    local small = models.new { family = "llama", tokenizer = tok, hidden_size = 16,
        intermediate_size = 16,
        num_hidden_layers = 1, num_attention_heads = 1, num_key_value_heads = 1, seed = 1 }
    local thrown = { code = 7 }
    local ok, caught = pcall(small.generate, small, "to be",
        { max_tokens = 20, on_text = function() error(thrown) end })
    t.eq(ok, false)
    assert(caught == thrown)
    t.eq(#small:generate("to be", { max_tokens = 3, ignore_eos = true }).tokens, 3)  -- still usable
end)

t.test("a broken model folder is one clear error, and the state goes on", function()
    local folder = os.tmpname()
    os.remove(folder)
    model:save(folder)
    local path = folder .. "/model.safetensors"
    local f = assert(io.open(path, "rb"))
    local bytes = f:read "*a"
    f:close()
    local function broken(with, wanted)
        f = assert(io.open(path, "wb"))
        f:write(with)
        f:close()
        local ok, message = pcall(models.load, folder)
        assert(not ok and message:find(wanted), message)
    end
    broken(bytes:sub(1, 100), "safetensors")            -- cut inside the header
    broken(bytes:sub(1, #bytes - 8), "safetensors")     -- cut inside the data
    broken(("\255"):rep(64), "safetensors")             -- an absurd header size
    broken("", "safetensors")
    f = assert(io.open(path, "wb"))
    f:write(bytes)
    f:close()
    assert(models.load(folder).config.hidden_size == 16)
    f = assert(io.open(folder .. "/tokenizer.json", "wb"))
    f:write("this is not JSON")
    f:close()
    local ok, message = pcall(models.load, folder)
    assert(not ok and message:find("tokenizer.json is not JSON", 1, true), message)
    os.execute("rm -r '" .. folder .. "'")
end)

t.done()
