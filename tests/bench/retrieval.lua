-- SPDX-License-Identifier: Apache-2.0
-- Our half of scripts/bench retrieval: reads what the other half wrote (texts, queries, vectors'
-- sizes), prints `name value` lines. usage: moonlet retrieval.lua INPUT.json
local clock = require "moonlet.clock"
local input = json.load(arg[1])

-- Seconds of the best of three runs.
local function best(f)
    local least = math.huge
    for _ = 1, 3 do
        local start = clock.now()
        f()
        least = math.min(least, clock.now() - start)
    end
    return least
end

local megabytes = #input.text / 1e6
for _, by in ipairs { "recursive", "sentence", "markdown" } do
    -- Passages are cut and kept natively; Lua sees none of them.
    local seconds = best(function()
        retrievers.passages():add({ input.text }, { by = by, size = 1000, overlap = 200 })
    end)
    print(("split_%s_MB/s %.1f"):format(by, megabytes / seconds))
end

local ix = retrievers.bm25 { terms = "words" }
print(("bm25_index_s %.3f"):format(best(function()
    ix = retrievers.bm25 { terms = "words" }
    ix:add(input.passages)
    ix:search("warm up", { k = 10 })
end)))
print(("bm25_queries/s %.0f"):format(#input.queries / best(function()
    for _, query in ipairs(input.queries) do ix:search(query, { k = 10 }) end
end)))

if retrievers.vectors then
    -- The same pseudo-random numbers as the other half: a product of sines.
    local n, dim = input.vectors, input.dim
    local function rows(count, seed)
        local list = {}
        for i = 1, count do
            local row = {}
            for j = 1, dim do row[j] = math.sin((i + seed) * (j + 0.5) * 0.731) end
            list[i] = row
        end
        return list
    end
    local v = retrievers.vectors()
    for first = 0, n - 1, 1000 do v:add(rows(math.min(1000, n - first), first)) end
    local queries = rows(200, 1e6)
    local one = queries[1]
    print(("flat_single_queries/s %.0f"):format(100 / best(function()
        for _ = 1, 100 do v:search(one, { k = 10 }) end
    end)))
    print(("flat_batch_queries/s %.0f"):format(#queries / best(function()
        v:search(queries, { k = 10 })
    end)))
end
