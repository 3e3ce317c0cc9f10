-- SPDX-License-Identifier: Apache-2.0
-- Learning from examples in the prompt, as in "Language Models are Few-Shot Learners" (GPT-3,
-- 2020), and its limit with a model of 3.7 million parameters: examples choose among what it can
-- already, they teach it nothing. Counting on was in its training texts, counting by two was not:
-- there it goes on counting by one, which is one of the wrong choices. How a sequence goes on is
-- asked as multiple choice by likelihood; one of four is chance.
-- 프롬프트의 예가 많을수록 맞히는지, 아는 것과 모르는 것을 나누어 봅니다.
--     moonlet examples/few_shot.lua [questions]

local m = models.load "demo"
local questions = tonumber(arg[1]) or 12

-- The k numbers before n by steps of `step`, and four ways to go on.
local function rows_of(step, shots)
    local rows = {}
    for i = 1, questions do
        local n = i % 12 + 3 + (step - 1) * 4
        local before = {}
        for s = shots, 1, -1 do before[#before + 1] = (n - s * step) .. "," end
        rows[i] = { question = shots > 0 and table.concat(before, " ") or ":", answer = 1,
            choices = { tostring(n), tostring(n - 1), tostring(n + 2), tostring(n + 3) } }
    end
    return rows
end

print "share of right choices with Wilson's 95 % interval; chance is 0.25\n"
print("examples   counting on            counting by two")
local first, last = {}, {}
for _, shots in ipairs { 0, 1, 2, 4 } do
    local cells = {}
    for step = 1, 2 do
        local e = evals.multiple_choice(m, rows_of(step, shots))
        first[step], last[step] = first[step] or e, e
        cells[step] = ("%.2f  [%.2f, %.2f]"):format(e.value, e.ci.low, e.ci.high)
    end
    print(("%5d      %-22s %s"):format(shots, cells[1], cells[2]))
end

print "\nfour examples against none, on the same questions:"
for step, name in ipairs { "counting on", "counting by two" } do
    local d = evals.paired(last[step], first[step])
    print(("%-16s %+.2f  [%+.2f, %+.2f]  p=%.4f"):format(name, d.value, d.ci.low, d.ci.high, d.p))
end
