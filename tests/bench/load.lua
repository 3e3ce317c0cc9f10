-- SPDX-License-Identifier: Apache-2.0
-- `scripts/bench load`: moonlet load.lua make FOLDER writes a Qwen3-0.6B-shaped model of random
-- weights (1.2 GB, bf16); moonlet load.lua FOLDER opens it and prints the seconds of opening
-- LibTorch, those of models.load, per cent of the weights' file that is resident in this process
-- before the first use, and the seconds of a first forward call over 16 tokens.
local clock = require "moonlet.clock"

if arg[1] == "make" then
    models.new { family = "qwen3", vocab_size = 151936, hidden_size = 1024,
        intermediate_size = 3072, num_hidden_layers = 28, num_attention_heads = 16,
        num_key_value_heads = 8, head_dim = 128, max_position_embeddings = 4096,
        tie_word_embeddings = true, dtype = "bf16", seed = 1 }:save(arg[2])
    return
end

-- Of the maps of `file`: kilobytes in all, kilobytes resident.
local function resident(file)
    local size, rss, inside = 0, 0, false
    for line in io.lines "/proc/self/smaps" do
        if line:match "^%x+%-%x+ " then inside = line:find(file, 1, true) ~= nil end
        if inside then
            size = size + (tonumber(line:match "^Size:%s+(%d+)") or 0)
            rss = rss + (tonumber(line:match "^Rss:%s+(%d+)") or 0)
        end
    end
    return size, rss
end

local begin = clock.now()
require("moonlet")._native("engine", "models.load")
local library = clock.now() - begin
begin = clock.now()
local m = models.load(arg[1])
local seconds = clock.now() - begin
local size, rss = resident "model.safetensors"
local ids = {}
for i = 1, 16 do ids[i] = i end
begin = clock.now()
m:logits(ids)
print(("%.3f %.3f %.2f %.3f"):format(library, seconds, size > 0 and 100 * rss / size or 100,
    clock.now() - begin))
