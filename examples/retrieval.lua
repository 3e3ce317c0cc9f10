-- SPDX-License-Identifier: Apache-2.0
-- Finding passages of our manual by words, by meaning and by both; a filter; recall of each; an
-- answer whose quotations are checked. 설명서에서 낱말과 뜻으로 문단을 찾습니다.
--     moonlet examples/retrieval.lua

local manual = arg[0]:match("^(.*)[/\\]") .. "/data/manual/"
local pages = {}
for _, name in ipairs { "chat", "embeddings", "errors", "generate", "interrupt", "keys", "models",
    "scripts", "tokenizers", "training", "chat-ko", "keys-ko", "training-ko" } do
    local file = assert(io.open(manual .. name .. ".md", "rb"))
    pages[#pages + 1] = { text = file:read "*a", id = name, source = name .. ".md",
        lang = name:find "-ko$" and "ko" or "en" }
    file:close()
end

-- Questions and the page that answers each.
local questions = {
    { "How can I stop a running computation?", "interrupt" },
    { "Which key searches what I typed before?", "keys" },
    { "How do I take back my last message?", "chat" },
    { "Compare two sentences by their meaning", "embeddings" },
    { "How do I continue an interrupted training run?", "training" },
    { "What are pieces of words called?", "tokenizers" },
    { "마지막 대답을 다시 받으려면?", "chat-ko" },
    { "학습을 멈췄다가 이어서 하려면?", "training-ko" },
}
local asked = {}
for i, question in ipairs(questions) do asked[i] = question[1] end

local has_minilm, minilm = pcall(models.load, "minilm")
if not has_minilm then print "no MiniLM here: words only (scripts/setup brings it)" end
local r
for _, kind in ipairs(has_minilm and { "bm25", "dense", "hybrid" } or { "bm25" }) do
    r = retrievers.new { pages, split = { by = "sentence", size = 400, overlap = 50 },
        embed = has_minilm and minilm or nil, kind = kind }
    local first, among = 0, 0
    for i, found in ipairs(r:search(asked, { k = 3 })) do
        if found[1] and found[1].id == questions[i][2] then first = first + 1 end
        for _, hit in ipairs(found) do
            if hit.id == questions[i][2] then among = among + 1 break end
        end
    end
    print(("%-6s the right page is first for %d, among three for %d of %d questions"):format(kind,
        first, among, #questions))
end

local hits = r("How can I stop a running computation?", { k = 2, filter = { lang = "en" } })
print("\n" .. tostring(hits))
local hit = hits[1]
for _, page in ipairs(pages) do
    if page.id == hit.id then assert(page.text:sub(hit.span[1], hit.span[2]) == hit.text) end
end

-- A scripted model quotes once truly and once not; a loaded model is used the same way.
local quote = hit.text:match "%w+ %w+ %w+"
local m = models.scripted { ('Do this: "%s" [1]. "It never stops." [1]'):format(quote) }
local answer = m:rag(r, { filter = { lang = "en" } }) "How can I stop a running computation?"
print("\n" .. tostring(answer))
