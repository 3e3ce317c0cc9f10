-- SPDX-License-Identifier: Apache-2.0
-- What a tokenizer does to English and Korean: pieces, ids, and how many tokens a character costs.
-- 토크나이저가 영어와 한국어를 어떻게 나누는지 봅니다.
--     moonlet examples/tokens.lua [text]

local text = require "moonlet.text"
local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."

local tokenizer = tokenizers.load(root .. "/examples/models/demo")
print(tokenizer)

local function show(sentence)
    local ids = tokenizer:encode(sentence)
    local spans = tokenizer:offsets(sentence)
    local characters = 0
    for _ in text.chars(sentence) do characters = characters + 1 end
    print(("\n%s\n%d characters, %d tokens, %.2f tokens per character"):format(sentence, characters,
        #ids, #ids / characters))
    local pieces = {}
    for i, id in ipairs(ids) do
        -- Several byte-level tokens may make up one character: each then names all of it.
        pieces[i] = text.quote(sentence:sub(spans[i][1], spans[i][2])) .. " " .. id
    end
    print("  " .. table.concat(pieces, "  "))
    assert(tokenizer:decode(ids) == sentence, "decode(encode(x)) is x")
    return #ids / characters
end

if arg[1] then
    show(arg[1])
else
    local english = show "The Fox and the Grapes is a fable."
    local korean = show "한국의 수도는 서울입니다."
    show "3 + 4 = 7, déjà vu, 😀"
    print(("\nKorean costs %.1f times the tokens of English per character here."):format(korean
        / english))
end
