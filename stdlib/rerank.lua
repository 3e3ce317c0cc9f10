-- SPDX-License-Identifier: Apache-2.0
-- m:rerank: texts in the order in which a cross-encoder finds that they answer a query. It reads
-- query and text together, which is slower and better than comparing vectors: for what a retriever
-- has found already. The scores are native; here they become hits.

local class = require "moonlet.class"
local hits = require "moonlet.hits"
local options = require "moonlet.options"

local _, Model = class("Model")

---@class RerankOptions
---@field top_k? integer how many hits at most (default all)
---@field batch_size? integer pairs at a time (default 32)
local OPTIONS = options.rows { "top_k integer", "batch_size integer 32" }

local function refuse(given, wanted)
    error(("model:rerank: %s; wanted %s"):format(given, wanted), 3)
end

-- A hit of its own for each text: what it had, and its text.
local function hit_of(i, given)
    if type(given) == "string" then
        return { text = given, id = i, source = "text " .. i, span = { 1, #given }, row = {},
            document = i, passage = i }
    end
    if type(given) ~= "table" or type(given.text) ~= "string" then
        refuse(("text %d is a %s"):format(i, type(given)), "a text, or a hit or row with text =")
    end
    local hit = { id = i, source = "text " .. i, span = { 1, #given.text }, row = {},
        document = i, passage = i }
    for name, value in pairs(given) do hit[name] = value end
    if given.score then hit.before = { rank = i, score = given.score } end
    return hit
end

--- Orders texts by how well they answer a query, best first, with a cross-encoder (bge-reranker,
--- ms-marco MiniLM …: a classification head with one label). Scores are those of
--- sentence-transformers' CrossEncoder. Hits of a retriever keep what they have; their score before
--- is hit.before.
---@param query string
---@param texts string[]|table[] texts, hits, or rows with text =
---@param opts? RerankOptions
---@return Hits
function Model:rerank(query, texts, opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "model:rerank")
    if type(query) ~= "string" then refuse("a query that is a " .. type(query), "a text") end
    if type(texts) ~= "table" then refuse("texts that are a " .. type(texts), "a list") end
    if opts.top_k and opts.top_k < 1 then refuse("top_k = " .. opts.top_k, "1 or more") end
    local list, plain = {}, {}
    for i, given in ipairs(texts) do
        list[i] = hit_of(i, given)
        plain[i] = list[i].text
    end
    local scores = require("moonlet_engine").functions["_models.rerank"](self, query, plain,
        opts.batch_size or 32)
    local place = {}
    for i, hit in ipairs(list) do hit.score, place[hit] = scores[i], i end
    table.sort(list, function(a, b)
        if a.score ~= b.score then return a.score > b.score end
        return place[a] < place[b]
    end)
    for i = #list, (opts.top_k or #list) + 1, -1 do list[i] = nil end
    return hits.new(list, query)
end

return Model
