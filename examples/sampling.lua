-- SPDX-License-Identifier: Apache-2.0
-- How samplers change the next-token distribution and the text: temperature, top_k, top_p, min_p.
-- 온도와 top-p가 다음 토큰의 분포를 어떻게 바꾸는지 봅니다.
--     moonlet examples/sampling.lua [prompt]

local m = models.load "demo"
local prompt = arg[1] or "Once upon a time there lived a"

for _, sampler in ipairs { {}, { temperature = 0.5 }, { temperature = 2 }, { top_k = 3 },
    { top_p = 0.5 }, { min_p = 0.1 } } do
    local name, value = next(sampler)
    print(("\n%s %s"):format(prompt, name and "· " .. name .. " = " .. value or "· as it is"))
    sampler.top = 6
    print(m:next(prompt, sampler))
end

print "\nThe same seed writes the same text, greedy decoding needs none:"
local texts = {}
for _, opts in ipairs { { temperature = 0 }, { temperature = 0.7, seed = 1 },
    { temperature = 0.7, seed = 1 }, { temperature = 0.7, seed = 2 },
    { temperature = 1.5, seed = 1 } } do
    opts.max_tokens, opts.stream = 24, false
    local g = m:generate(prompt, opts)
    texts[#texts + 1] = g.text
    print(("  temperature %.1f seed %s: %s"):format(opts.temperature, opts.seed or "none",
        (g.text:gsub("%s+", " "))))
end
assert(texts[2] == texts[3], "a seed gives its text again")

-- A number to argue with: how many of 20 draws differ.
for _, temperature in ipairs { 0.5, 1, 1.5 } do
    local seen, different = {}, 0
    for seed = 1, 20 do
        local drawn = m:generate(prompt, { max_tokens = 6, temperature = temperature, seed = seed,
            stream = false }).text
        if not seen[drawn] then seen[drawn], different = true, different + 1 end
    end
    print(("temperature %.1f: %d different beginnings in 20 draws"):format(temperature, different))
end
