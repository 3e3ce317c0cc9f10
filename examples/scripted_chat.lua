-- SPDX-License-Identifier: Apache-2.0
-- Programs around a model are tried on one that says what it is told to: streaming, a broken
-- connection, an interrupt, and a chat that stays whole. No model file is needed.
-- 정해진 대답만 하는 모델로 스트리밍과 오류와 대화를 시험합니다.
--     moonlet examples/scripted_chat.lua

local m = models.scripted {
    "서울은 한국의 수도입니다. Seoul is the capital.",
    "This answer breaks off in the middle.",
    function(messages, opts)
        return ("You sent %d messages; the last one was %q; temperature %s."):format(#messages,
            messages[#messages].content, tostring(opts.temperature))
    end,
    deltas = { 3, 6, 4 }, delay = 0.01,
    faults = { { call = 2, after = 2, error = "connection lost" },
        { call = 3, after = 4, interrupt = true } },
}
print(m)

local c = m:chat { system = "Be brief.", temperature = 0.5 }
io.write "streamed in pieces: "
local g = c("Which city?", { on_text = function(piece) io.write("[", piece, "]") end })
print("\n" .. g:summary())

local ok, problem = pcall(c, "And then?")
print(("the second call failed (%s), the chat still has %d messages"):format(problem, #c.messages))
assert(not ok and #c.messages == 3)

g = c "Once more?" -- the reply that failed comes now, and is interrupted
print(("interrupted: %s, kept: %q"):format(tostring(g.interrupted), g.text))
assert(c.messages[#c.messages].interrupted)

print("answered by a function: " .. tostring(c:regen()))
local fork = c:fork()
fork "Only in the fork"
print(("messages: %d here, %d in the fork; the model was asked %d times"):format(#c.messages,
    #fork.messages, #m.requests))
print(c)
