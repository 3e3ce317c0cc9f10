-- SPDX-License-Identifier: Apache-2.0
-- What attention heads look at: every head of the demo model on a text that repeats itself. One
-- kind looks at the token before, another (an induction head) at what followed the last time.
-- 어텐션 헤드가 무엇을 보는지: 앞 토큰을 보는 헤드와, 지난번 다음에 온 토큰을 보는 헤드를 찾습니다.
--     moonlet examples/attention.lua

local m = models.load "demo"
print(m:tokens "Attention looks back. 어텐션은 뒤를 봅니다.")

-- Twelve tokens drawn at random, three times over: no language in it, so that only looking helps.
local period, ids = 12, {}
local state = 7
for i = 1, 3 * period do
    state = (state * 1103515245 + 12345) % 2147483648
    ids[i] = i <= period and 300 + math.floor(state / 65536) % 2000 or ids[i - period]
end

-- The mean weight that a head puts on one place, over the second and third time.
local function score(weights, place)
    local sum, n = 0, 0
    for i = period + 1, #ids do
        sum, n = sum + weights[i][place(i)], n + 1
    end
    return sum / n
end

local best = { before = { score = 0 }, induction = { score = 0 } }
local rows = { before = {}, induction = {} }
for layer = 1, m.config.num_hidden_layers do
    for head = 1, m:attention(ids, layer).heads do
        local weights = m:attention(ids, layer, head):table()
        for kind, place in pairs {
            before = function(i) return i - 1 end,
            induction = function(i) return i - period + 1 end,
        } do
            local found = { layer = layer, head = head, score = score(weights, place) }
            if found.score > best[kind].score then best[kind] = found end
            table.insert(rows[kind], ("%.2f"):format(found.score))
        end
    end
end
print("weight on the token before, head by head:   " .. table.concat(rows.before, " "))
print("weight on what followed last time:          " .. table.concat(rows.induction, " "))

local head = best.before
print(m:attention("Once upon a time there was a cat", head.layer, head.head))
print(m:attention(ids, best.induction.layer, best.induction.head))
print(("before: layer %d head %d, %.2f of its weight; induction: layer %d head %d, %.2f (by chance "
    .. "%.2f)"):format(head.layer, head.head, head.score, best.induction.layer,
    best.induction.head, best.induction.score, 1 / (2 * period)))

-- Does looking help? Loss per token the first time and the third.
local logits = m:logits(ids):softmax():table()
local function surprise(from, to)
    local sum = 0
    for i = from, to do sum = sum - math.log(logits[i - 1][ids[i] + 1]) end
    return sum / (to - from + 1)
end
print(("surprise per token: %.2f the first time, %.2f the third"):format(surprise(2, period),
    surprise(2 * period + 1, 3 * period)))
