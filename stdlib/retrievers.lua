-- SPDX-License-Identifier: Apache-2.0
-- Retrievers: documents cut into passages, found again by their words (BM25), by their meaning
-- (vectors of an embedding model) or by both. r(query) gives hits with exact spans. A filter is
-- evaluated first, so k hits come back whenever k allowed ones match. The parts are native:
-- Passages and LexicalIndex of the base library, VectorIndex of the engine, which only dense and
-- hybrid open.
-- It knows no file format of documents: paths go to datasets.load.

local class = require "moonlet.class"
local hits = require "moonlet.hits"
local moonlet = require "moonlet"
local options = require "moonlet.options"

---@class Retriever
---@field kind string "bm25", "dense" or "hybrid"
---@field passages Passages the documents and what they were cut into
---@field lexical? LexicalIndex the words
---@field vectors? VectorIndex the vectors
---@field model? Model what embeds
---@field reranker? Model what puts hits in order
---@field options table what it was made with
local meta, Retriever = class("Retriever")
local retrievers = {}

---@class RetrieverOptions
---@field split? table|string|boolean {by=, size=, overlap=, …} of retrievers.split; false: whole
---  texts (default {by="sentence", size=400, overlap=50})
---@field kind? string "bm25", "dense" or "hybrid" (default "hybrid" with embed, else "bm25")
---@field embed? string|table|userdata an embedding model or its name (default "minilm" if needed)
---@field index? string "flat" (exact) or "hnsw" (a graph, for millions) (default "flat")
---@field column? string where a row has its text (default "text")
---@field weights? table {bm25=, dense=} of hybrid (default 1 each)
---@field candidates? integer of each leg that hybrid fuses (default 100)
---@field rank_constant? number k of reciprocal rank fusion (default 60)
---@field rerank? string|table|userdata a cross-encoder or its name: puts what was found in order
---@field rerank_candidates? integer how many of the first hits it reads (default 50)
---@field method? string lucene, robertson, atire, bm25l or bm25+ (default "lucene")
---@field k1? number of BM25 (default 1.5)
---@field b? number of BM25 (default 0.75)
---@field delta? number of bm25l and bm25+ (default 0.5)
---@field terms? string Hangul as "bigrams" or as "words" (default "bigrams")
---@field m? integer of hnsw: links of a node (default 32)
---@field ef_construction? integer of hnsw: breadth while building (default 200)
---@field ef_search? integer of hnsw: breadth of a search (default 128)
local OPTIONS = options.rows {
    'split table|string|boolean {by="sentence", size=400, overlap=50}',
    'kind string "hybrid" with embed, else "bm25"', 'embed string|table|userdata "minilm"',
    'index string "flat"', 'column string "text"', "weights table", "candidates integer 100",
    "rank_constant number 60", 'method string "lucene"', "k1 number 1.5", "b number 0.75",
    "delta number 0.5", 'terms string "bigrams"', "m integer 32", "ef_construction integer 200",
    "ef_search integer 128", "rerank string|table|userdata", "rerank_candidates integer 50",
}

---@class SearchOptions
---@field k? integer how many hits at most (default 5)
---@field filter? table|function {column = value, …} or function(row) -> boolean (default none)
---@field weights? table {bm25=, dense=} for this search (default the retriever's)
---@field candidates? integer of each leg, for this search (default the retriever's)
---@field rerank? boolean|string|table|userdata a cross-encoder; false: none (default the
---  retriever's)
---@field rerank_candidates? integer how many hits it reads (default the retriever's)
local SEARCH = options.rows {
    "k integer 5", "filter table|function", "weights table", "candidates integer 100",
    "rerank boolean|string|table|userdata", "rerank_candidates integer 50",
}

local KINDS = { "bm25", "dense", "hybrid" }
local SLICE = 1000 -- rows of a dataset that are in Lua at a time

local function refuse(where, given, wanted, level)
    error(("%s: %s; wanted %s"):format(where, given, wanted), (level or 2) + 1)
end

local function check_kind(given, list, name, level)
    for _, legal in ipairs(list) do
        if given == legal then return end
    end
    local near = options.nearest(tostring(given), list)
    refuse("retrievers.new", ("%s = %q"):format(name, tostring(given)),
        table.concat(list, ", ") .. (near and ("; did you mean %q?"):format(near) or ""), level + 1)
end

local function documents(docs, where, level)
    if type(docs) == "string" then
        if not (moonlet.datasets and moonlet.datasets.load) then
            refuse(where, "the path " .. docs, "a list of texts or rows: no datasets here", 2)
        end
        return moonlet.datasets.load(docs)
    end
    if type(docs) ~= "table" and type(docs) ~= "userdata" then
        refuse(where, "documents are a " .. type(docs),
            'a list of texts or rows {text=, source=, id=}, a Dataset or a path, first: '
            .. 'retrievers.new{docs, kind="bm25"}', level + 1)
    end
    return docs
end

-- The split options as passages:add takes them.
local function split_options(split, column, model)
    if split == false then return { whole = true, column = column } end
    local given = {}
    if type(split) == "string" then given.by = split end
    if type(split) == "table" then
        for k, v in pairs(split) do given[k] = v end
    end
    if given.by == "token" and not given.tokenizer and model then
        given.tokenizer = model.tokenizer
    end
    given.column = column
    return given
end

local function check_weights(weights, level)
    for name, weight in pairs(weights or {}) do
        if (name ~= "bm25" and name ~= "dense") or type(weight) ~= "number" or weight < 0 then
            refuse("retriever", "weights hold " .. tostring(name) .. " = " .. tostring(weight),
                "{bm25 = number, dense = number}, 0 or more", level + 1)
        end
    end
end

-- The model and the name by which models.load opens it again.
local function load_model(embed)
    if type(embed) == "string" then return moonlet.models.load(embed), embed end
    local folder = type(embed) == "userdata" and embed.folder
    return embed, folder and folder ~= "" and folder or embed.name
end

-- Tells native models apart by their weights; nil for others.
local function fingerprint(model)
    if type(model) ~= "userdata" then return nil end
    return require("moonlet_engine").functions["_retrievers.fingerprint"](model)
end

local function pick(from, names)
    local result = {}
    for _, name in ipairs(names) do result[name] = from[name] end
    return result
end

-- The parts of a retriever with the passages that there are; opts are checked, kind is decided.
-- Vectors are taken from the file where one is named.
local function assemble(opts, passages, file)
    local self = { kind = opts.kind, options = opts, passages = passages }
    if opts.kind ~= "dense" then
        self.lexical = moonlet.retrievers.bm25(pick(opts, { "method", "k1", "b", "delta",
            "terms" }))
    end
    if opts.kind ~= "bm25" then
        self.model, self.model_name = load_model(opts.embed)
        self.vectors = moonlet.retrievers.vectors(#passages > 0 and file
            or pick(opts, { "index", "m", "ef_construction", "ef_search" }))
    end
    if opts.rerank then self.reranker, self.reranker_name = load_model(opts.rerank) end
    return setmetatable(self, meta)
end

--- Makes a retriever of documents: texts, rows {text=, source=, id=, …}, a Dataset, or a path or
--- glob for datasets.load. Words alone (bm25) need no model; dense and hybrid embed each passage.
---@param opts RetrieverOptions the documents first, options beside them
---@return Retriever
--- Example: r = retrievers.new{{"A cat sleeps.", "고양이가 잔다."}, kind="bm25"}; r "고양이?"
function retrievers.new(opts)
    if type(opts) ~= "table" or opts[1] == nil then
        refuse("retrievers.new", type(opts) == "table" and "no documents" or "a " .. type(opts),
            'the documents first: retrievers.new{docs, kind="bm25"}')
    end
    if opts[2] ~= nil then
        refuse("retrievers.new", "more than one list of documents",
            "one: put the texts into a list, retrievers.new{{text, text}, …}")
    end
    options.check(opts, OPTIONS, "retrievers.new")
    local docs = documents(opts[1], "retrievers.new", 1)
    local own = {}
    for k, v in pairs(opts) do own[k] = v end
    own[1] = nil
    own.kind = own.kind or (own.embed and "hybrid" or "bm25")
    check_kind(own.kind, KINDS, "kind", 1)
    own.index = own.index or "flat"
    check_kind(own.index, { "flat", "hnsw" }, "index", 1)
    check_weights(own.weights, 1)
    if own.kind ~= "bm25" then own.embed = own.embed or "minilm" end
    local self = assemble(own, moonlet.retrievers.passages())
    self:add(docs)
    return self
end

local EMBED_SLICE = 64 -- texts that a model of Lua's own embeds at a time

-- A tensor, or a list of lists of numbers.
local function embed(model, texts)
    if type(model) ~= "userdata" and not (type(model) == "table" and model.embed) then
        refuse("retriever", "embed is a " .. type(model), "a Model or its name, as \"minilm\"", 3)
    end
    return model:embed(texts)
end

-- Brings both legs up to the passages; what an interrupted call left is done by the next one.
local function complete(self)
    local passages, vectors = self.passages, self.vectors
    if self.lexical and #self.lexical < #passages then self.lexical:add(passages) end
    if not vectors or #vectors >= #passages then return end
    if type(self.model) == "userdata" then return vectors:embed(passages, self.model) end
    for first = #vectors + 1, #passages, EMBED_SLICE do
        local last = math.min(first + EMBED_SLICE - 1, #passages)
        vectors:add(embed(self.model, passages:texts(first, last)))
        if #vectors ~= last then
            refuse("retriever", ("the model embedded %d of %d texts"):format(
                #vectors - first + 1, last - first + 1), "one vector for each", 3)
        end
    end
end

--- Takes in more documents, cut as the first ones were.
---@param docs table|string texts or rows, a Dataset or a path
---@return Retriever itself
--- Example: #r:add{{text="또 다른 글입니다.", id="new"}}.passages
function Retriever:add(docs)
    docs = documents(docs, "retriever:add", 1)
    local given = split_options(self.options.split, self.options.column, self.model)
    if type(docs) == "userdata" or getmetatable(docs) == nil then
        self.passages:add(docs, given)
    else -- something of Lua's own that is read like a list
        for first = 1, #docs, SLICE do
            local rows = {}
            for i = first, math.min(first + SLICE - 1, #docs) do rows[#rows + 1] = docs[i] end
            self.passages:add(rows, given)
        end
    end
    complete(self)
    return self
end

-- What the legs found for a query, as hits. `found` has a list {ids=, scores=} per leg.
local function hits_of(self, query, found, opts)
    local order = found.bm25 or found.dense
    if self.kind == "hybrid" then
        local weights = opts.weights or self.options.weights or {}
        local fused = moonlet.retrievers.fuse({ found.bm25.ids, found.dense.ids },
            { weights = { weights.bm25 or 1, weights.dense or 1 },
                k = self.options.rank_constant })
        order = { ids = {}, scores = {} }
        for i = 1, math.min(opts.k, #fused) do
            order.ids[i], order.scores[i] = fused[i].id, fused[i].score
        end
    end
    local list, places = {}, {}
    for i = 1, math.min(opts.k, #order.ids) do
        local id = order.ids[i]
        list[i] = self.passages:get(id)
        list[i].score, places[id] = order.scores[i], i
    end
    for name, leg in pairs(found) do
        for rank, id in ipairs(leg.ids) do
            local hit = list[places[id] or 0]
            if hit then hit[name] = { rank = rank, score = leg.scores[rank] } end
        end
    end
    return hits.new(list, query)
end

local function search(self, queries, opts)
    local depth = opts.k
    if self.kind == "hybrid" then
        depth = math.max(depth, opts.candidates or self.options.candidates or 100)
    end
    local given = { k = depth, among = opts.among }
    local dense = self.vectors and #queries > 0
        and self.vectors:search(embed(self.model, queries), given)
    local results = {}
    for i, query in ipairs(queries) do
        local found = { dense = dense and dense[i] }
        if self.lexical then
            local ids, scores = self.lexical:search(query, given)
            found.bm25 = { ids = ids, scores = scores }
        end
        results[i] = hits_of(self, query, found, opts)
    end
    return results
end

-- The cross-encoder of a search: one of its own, none (false), or the retriever's.
local function reranker_of(self, given)
    if given == nil then return self.reranker end
    if given == true then
        if self.reranker then return self.reranker end
        refuse("retriever:search", "rerank = true without a reranker", "a cross-encoder: "
            .. "retrievers.new{…, rerank = model}", 2)
    end
    local model = given and load_model(given)
    if model and not (type(model) == "userdata" or type(model.rerank) == "function") then
        refuse("retriever:search", "rerank is a " .. type(model), "a cross-encoder or its name", 2)
    end
    return model
end

--- Finds the passages for a query, best first. Several queries (a list) give a list of results.
---@param query string|string[] what is asked
---@param opts? SearchOptions
---@return Hits
--- Example: r:search("고양이", {k=1})[1].score
function Retriever:search(query, opts)
    opts = opts or {}
    options.check(opts, SEARCH, "retriever:search")
    if opts.k and opts.k < 1 then refuse("retriever:search", "k = " .. opts.k, "1 or more") end
    check_weights(opts.weights, 1)
    complete(self)
    if type(query) ~= "string" and type(query) ~= "table" then
        refuse("retriever:search", "a query that is a " .. type(query), "a text or a list of texts")
    end
    local k, reranker = opts.k or 5, reranker_of(self, opts.rerank)
    local given = { k = k, weights = opts.weights, candidates = opts.candidates }
    if opts.filter then given.among = self.passages:select(opts.filter) end
    if reranker then
        given.k = math.max(k, opts.rerank_candidates or self.options.rerank_candidates or 50)
    end
    local results = search(self, type(query) == "string" and { query } or query, given)
    if reranker then
        for i, found in ipairs(results) do
            results[i] = reranker:rerank(found.query, found, { top_k = k })
        end
    end
    if type(query) == "string" then return results[1] end
    return results
end

--- Saves documents, passages and vectors. A save that fails or is killed leaves the last one.
---@param folder string is made when it is not there
function Retriever:save(folder)
    complete(self)
    local path = folder .. "/retriever.json"
    local old = io.open(path, "rb")
    if old then
        old:close()
        old = moonlet.json.load(path).data
    end
    local data = "data-" .. (tonumber(tostring(old):match "^data%-(%d+)$") or 0) + 1
    self.passages:save(folder .. "/" .. data)
    if self.vectors and #self.vectors > 0 then
        self.vectors:save(folder .. "/" .. data .. "/vectors.safetensors")
    end
    local kept = {}
    for name, value in pairs(self.options) do
        if name ~= "embed" and name ~= "rerank" then kept[name] = value end
    end
    if type(kept.split) == "table" then
        kept.split = pick(kept.split, { "by", "size", "overlap", "separators", "sentences" })
    end
    moonlet.json.save(path, { format = "moonlet retriever", version = 1, data = data,
        options = moonlet.json.object(kept), passages = #self.passages,
        documents = self.passages.documents, embedder = self.model and { name = self.model_name,
            fingerprint = fingerprint(self.model) }, reranker = self.reranker_name })
    if old then -- nothing refers to it any more
        for _, name in ipairs { "rows.jsonl", "texts", "vectors.safetensors" } do
            os.remove(folder .. "/" .. old .. "/" .. name)
        end
        os.remove(folder .. "/" .. old)
    end
end

---@class RetrieverLoadOptions
---@field embed? string|table|userdata the embedding model (default the one it was made with)
---@field rerank? string|table|userdata the cross-encoder (default the one it was made with)
local LOAD = options.rows { "embed string|table|userdata", "rerank string|table|userdata" }

--- Opens a retriever that r:save wrote; it finds what it found before. The embedding model is
--- opened by its name and has to be the same one: its weights are compared by their fingerprint.
---@param folder string
---@param opts? RetrieverLoadOptions
---@return Retriever
function retrievers.load(folder, opts)
    options.check(opts or {}, LOAD, "retrievers.load")
    local info = moonlet.json.load(folder .. "/retriever.json")
    if type(info) ~= "table" or info.format ~= "moonlet retriever" or info.version ~= 1
        or type(info.data) ~= "string" or type(info.options) ~= "table" then
        refuse("retrievers.load", folder .. "/retriever.json", "what r:save of this version wrote")
    end
    local own = {}
    for name, value in pairs(info.options) do own[name] = value end
    local embedder = type(info.embedder) == "table" and info.embedder or {}
    own.embed = opts and opts.embed or embedder.name
    own.rerank = opts and opts.rerank or type(info.reranker) == "string" and info.reranker or nil
    local data = folder .. "/" .. info.data
    local self = assemble(own, moonlet.retrievers.passages(data), data .. "/vectors.safetensors")
    local given = self.model and fingerprint(self.model)
    if given and embedder.fingerprint and given ~= embedder.fingerprint then
        refuse("retrievers.load", ("the embedding model %s is another one (%s) than it was made "
            .. "with (%s)"):format(tostring(self.model_name), given, embedder.fingerprint),
            'the same weights: embed = "…", or a new retriever')
    end
    if #self.passages ~= info.passages or (self.vectors and #self.vectors ~= #self.passages) then
        refuse("retrievers.load", ("%s has %d passages"):format(data, #self.passages),
            ("%d, each with a vector"):format(info.passages))
    end
    complete(self)
    return self
end

--- Gives the memory back now; the retriever is unusable afterwards.
function Retriever:release()
    for _, part in ipairs { "passages", "lexical", "vectors" } do
        if self[part] then self[part]:release() end
    end
end

function meta.__call(self, query, opts) return self:search(query, opts) end
function meta.__len(self) return #self.passages end

function meta.__tostring(self)
    local parts = { ("retriever %s   %d passages of %d documents"):format(self.kind,
        #self.passages, self.passages.documents) }
    if self.lexical then
        parts[#parts + 1] = ("bm25 %s, %d terms"):format(self.options.method or "lucene",
            self.lexical.terms)
    end
    if self.vectors then parts[#parts + 1] = tostring(self.vectors) end
    return table.concat(parts, " · ")
end

return retrievers
