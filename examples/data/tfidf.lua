-- SPDX-License-Identifier: Apache-2.0
-- Bag of words beside which a language model has to show its worth: TF-IDF vectors of words (and
-- pairs of words, if asked) and logistic regression on them, by full-batch gradient descent with L2.
-- Weights as scikit-learn's TfidfVectorizer: idf = ln((1 + n) / (1 + df)) + 1, vectors of length 1.
--     local t = dofile "tfidf.lua".train(rows, {pairs = false})    -- rows {text=, label=}, two labels
--     … {chars = 4}: runs of 1 to 4 characters in place of words, what Korean wants
--     t:predict(text) -> label;  t:accuracy(rows)

local Tfidf = {}
Tfidf.__index = Tfidf

local chars_of = require("moonlet.text").chars

local function runs(text, longest)
    local chars, list = {}, {}
    for char in chars_of(text:lower()) do chars[#chars + 1] = char end
    for first = 1, #chars do
        for last = first, math.min(first + longest - 1, #chars) do
            list[#list + 1] = table.concat(chars, "", first, last)
        end
    end
    return list
end

local function terms(text, pairs_too, longest)
    if longest then return runs(text, longest) end
    local list, before = {}, nil
    for word in text:lower():gmatch "[%w\128-\255']+" do
        list[#list + 1] = word
        if pairs_too and before then list[#list + 1] = before .. " " .. word end
        before = word
    end
    return list
end

function Tfidf:vector(text)
    local counts, sum = {}, 0
    for _, term in ipairs(terms(text, self.pairs, self.longest)) do
        if self.idf[term] then counts[term] = (counts[term] or 0) + 1 end
    end
    for term, n in pairs(counts) do
        counts[term] = n * self.idf[term]
        sum = sum + counts[term] ^ 2
    end
    for term, value in pairs(counts) do counts[term] = value / math.sqrt(sum) end
    return counts
end

local function score(self, vector)
    local z = self.bias
    for term, value in pairs(vector) do z = z + value * (self.weights[term] or 0) end
    return 1 / (1 + math.exp(-z)) -- probability of the second label
end

function Tfidf:predict(text)
    return score(self, self:vector(text)) > 0.5 and self.labels[2] or self.labels[1]
end

function Tfidf:accuracy(rows)
    local right = 0
    for _, row in ipairs(rows) do right = right + (self:predict(row.text) == row.label and 1 or 0) end
    return right / #rows
end

local function train(rows, opts)
    local self = setmetatable({ pairs = opts and opts.pairs,
        longest = opts and opts.chars, idf = {}, weights = {}, bias = 0, labels = {} }, Tfidf)
    local seen, documents = {}, {}
    for _, row in ipairs(rows) do
        if not seen[row.label] then
            seen[row.label], self.labels[#self.labels + 1] = true, row.label
        end
        local once = {}
        for _, term in ipairs(terms(row.text, self.pairs, self.longest)) do
            if not once[term] then once[term], documents[term] = true, (documents[term] or 0) + 1 end
        end
    end
    for term, df in pairs(documents) do self.idf[term] = math.log((1 + #rows) / (1 + df)) + 1 end
    local vectors = {}
    for i, row in ipairs(rows) do vectors[i] = self:vector(row.text) end
    for _ = 1, 300 do -- each coordinate's curvature is at most n / 4: a rate of 4 / n times 5 is safe
        local gradient, bias = {}, 0
        for i, vector in ipairs(vectors) do
            local wrong = score(self, vector) - (rows[i].label == self.labels[2] and 1 or 0)
            bias = bias + wrong
            for term, value in pairs(vector) do
                gradient[term] = (gradient[term] or 0) + wrong * value
            end
        end
        local rate = 20 / #rows
        self.bias = self.bias - rate * bias / 10
        for term, slope in pairs(gradient) do
            local w = self.weights[term] or 0
            self.weights[term] = w - rate * (slope + 0.1 * w)
        end
    end
    return self
end

return { train = train }
