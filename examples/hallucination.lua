-- SPDX-License-Identifier: Apache-2.0
-- Hallucination, counted: the same questions about moonlet asked from memory, with passages of the
-- manual (RAG), and with passages and only such answers kept as quote them word for word.
-- 지어낸 대답을 셉니다: 기억만으로, 문단을 읽고, 인용이 확인된 대답만.
--     moonlet examples/hallucination.lua [model]

local root = (arg[0]:match("^(.*)/[^/]*$") or ".") .. "/.."
local m = models.load(arg[1] or "demo")
local pages = {}
for _, name in ipairs { "chat", "embeddings", "errors", "generate", "help", "interrupt", "keys",
    "models", "moonlet", "next", "scripted", "scripts", "tokenizers", "training" } do
    local file = assert(io.open(root .. "/examples/data/manual/" .. name .. ".md", "rb"))
    pages[#pages + 1] = { id = name, text = file:read("*a"):gsub("^#[^\n]*\n+", "") }
    file:close()
end
local r = retrievers.new { pages, split = { by = "sentence", size = 250, overlap = 0 },
    kind = "bm25" }

-- Question, and words that only a right answer has; false: the manual does not say.
local questions = {
    { "Which key searches backwards through what you have typed?", "Ctrl-R" },
    { "What does Ctrl-D on an empty line do?", "leaves the shell" },
    { "What suspends the shell?", "Ctrl-Z" },
    { "Which number formats are there?", "bf16" },
    { "How is a model written to a folder?", "m:save" },
    { "What makes a model with random weights?", "models.new" },
    { "Which optimizer is used in training?", "AdamW" },
    { "What gives the memory back at once?", "release" },
    { "Which families of networks are understood?", "gpt2" },
    { "What clears the screen?", "Ctrl-L" },
    { "Who painted the Mona Lisa?", false },
    { "What is the price of a ticket to Busan?", false },
    { "How many moons does Jupiter have?", false },
    { "When was the bridge of Seoul built?", false },
}

local function right(text, wanted)
    if not wanted then return text:find "not know" ~= nil end
    return text:find(wanted, 1, true) ~= nil
end

local rag = m:rag(r, { k = 2, max_tokens = 90 })
local ways = { { "from memory" }, { "with passages" }, { "with passages, quotes checked" } }
for _, row in ipairs(questions) do
    local closed = m:chat { max_tokens = 60 } (row[1], { stream = false }).text
    local answer = rag(row[1])
    local quoted = #answer.citations > 0
    for _, c in ipairs(answer.citations) do quoted = quoted and c.status == "verified" end
    print(("\n%s\n  memory   %s\n  passages %s"):format(row[1], closed, answer.text))
    for i, text in ipairs { closed, answer.text, quoted and answer.text or "I do not know." } do
        local kind = right(text, row[2]) and "right" or text:find "not know" and "silent"
            or "wrong"
        ways[i][kind] = (ways[i][kind] or 0) + 1
    end
end
print(("\n%-32s %6s %12s %10s"):format("", "right", "says nothing", "made up"))
for _, way in ipairs(ways) do
    print(("%-32s %6d %12d %10d"):format(way[1], way.right or 0, way.silent or 0, way.wrong or 0))
end
print "A checked quotation stands in its passage; whether it answers is another matter."
