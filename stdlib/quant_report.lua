-- SPDX-License-Identifier: Apache-2.0
-- What m:quant_report gives: what quantising a model cost and what it saved, beside the model it
-- was made from. Perplexity and divergence are over the tokens of the texts given (without any,
-- over a few sentences of its own, which is enough to see a broken model and too little to rank
-- good ones). It measures nothing itself: the rows come from the engine.

local box = require "moonlet.box"
local class = require "moonlet.class"
local options = require "moonlet.options"
local models = require "moonlet.models"
local units = require "moonlet.units"

---@class QuantReport
---@field kind string of the quantised weights: "int4", "q8_0" …
---@field bits number of a quantised weight, scales included
---@field bytes integer that the quantised weights take
---@field reference_bytes integer that the reference keeps them in
---@field tokens integer compared
---@field perplexity? number of the model (none for an encoder)
---@field reference_perplexity? number of the model it was made from
---@field divergence? number KL(reference || model) of the next token, mean over tokens, nats
---@field same_top? number share of tokens whose likeliest next one is the same
---@field cosine? number encoders: mean cosine of the two embeddings of a text
---@field texts table[] the same for each text
local meta, QuantReport = class("QuantReport")

---@class QuantReportOptions
---@field texts? string|string[] what to compare on (default a few sentences)
---@field reference? Model|string compared with (default: the same folder or file, unquantised)
local OPTIONS = options.rows { "texts string|table", "reference any" }

local TEXTS = {
    "The moon goes around the earth once in about twenty-seven days. Because it also turns once "
        .. "in that time, we always see the same side of it.",
    "Once upon a time there was a small fox who lived near a river. Every morning she went down "
        .. "to the water and looked at the fish.",
    "달은 지구를 한 달에 한 번쯤 돈다. 그래서 우리는 언제나 달의 같은 면을 본다.",
    "function add(a, b)\n    return a + b\nend\nprint(add(2, 3))",
    "Q: How many legs does a spider have?\nA: A spider has eight legs.",
}

local _, Model = class("Model")

local function functions(name) return require("moonlet_engine").functions[name] end

local function texts_of(given)
    if given == nil then return TEXTS end
    if type(given) == "string" then return { given } end
    for i = 1, #given do
        if type(given[i]) ~= "string" then
            error(("m:quant_report: texts[%d] is a %s; wanted strings"):format(i,
                type(given[i])), 3)
        end
    end
    if #given == 0 then error("m:quant_report: no texts; wanted at least one", 3) end
    return given
end

-- The model it is compared with, and whether it was opened here.
local function reference_of(self, given)
    if type(given) == "string" then return models.load(given), true end
    if given ~= nil then return given, false end
    if self.folder == "" then
        error("m:quant_report: the model has no folder to open again; wanted reference = a model",
            3)
    end
    local file = self.folder:match "%.gguf$" -- whose quantised weights nothing should round again
    return models.load(self.folder, { quant = "none", dtype = file and "f32" or nil }), true
end

--- What quantising cost: perplexity and divergence beside the model as it was, and the bytes
--- saved. The model of a quantised GGUF is compared with the same numbers computed in f32 (what its
--- weights lost shows with reference = the model it was made from).
---@param opts? QuantReportOptions
---@return QuantReport
--- Example: models.load("demo", {quant = "int8"}):quant_report().divergence < 0.01
function Model:quant_report(opts)
    opts = opts or {}
    options.check(opts, OPTIONS, "m:quant_report")
    local packed = functions "_models.packed"(self)
    if packed.kind == "" then
        error("m:quant_report: no weight of this model is quantised; wanted one of models.load("
            .. "x, {quant = \"int8\"}) or of a quantised GGUF file", 2)
    end
    local texts = texts_of(opts.texts)
    local reference, opened = reference_of(self, opts.reference)
    local rows = functions "_models.checks"(reference, self, texts)
    local kept = functions "_models.sizes"(reference).element_bytes
    if opened then reference:release() end

    local report = { kind = packed.kind, bits = 8 * packed.bytes / packed.values,
        bytes = packed.bytes, reference_bytes = packed.values * kept, tokens = 0, texts = rows }
    local scored, own, other, divergence, same, cosine = 0, 0, 0, 0, 0, 0
    for _, row in ipairs(rows) do
        report.tokens = report.tokens + row.tokens
        scored = scored + math.max(0, row.tokens - 1)
        own, other = own + row.surprise_of_second, other + row.surprise
        divergence = divergence + row.divergence * row.tokens
        same, cosine = same + row.same_top, cosine + row.cosine
    end
    if report.tokens > 0 then
        report.perplexity = math.exp(own / math.max(1, scored))
        report.reference_perplexity = math.exp(other / math.max(1, scored))
        report.divergence, report.same_top = divergence / report.tokens, same / report.tokens
    else
        report.cosine = cosine / #rows
    end
    return setmetatable(report, meta)
end

--- A plain table.
---@return table
--- Example: models.load("demo", {quant = "int8"}):quant_report():table().kind
function QuantReport:table()
    local plain = {}
    for key, value in pairs(self) do plain[key] = value end
    return plain
end

function meta.__tostring(self)
    local rows = {
        { "weights", ("%s, %.2f bits each"):format(self.kind, self.bits) },
        { "bytes", ("%s instead of %s: %.0f %% saved"):format(units.bytes(self.bytes),
            units.bytes(self.reference_bytes), 100 * (1 - self.bytes / self.reference_bytes)) },
    }
    if self.perplexity then
        rows[#rows + 1] = { "perplexity", ("%.4g instead of %.4g"):format(self.perplexity,
            self.reference_perplexity) }
        rows[#rows + 1] = { "divergence", ("%.2g nats a token"):format(self.divergence) }
        rows[#rows + 1] = { "same first choice", ("%.1f %% of %d tokens"):format(
            100 * self.same_top, self.tokens) }
    else
        rows[#rows + 1] = { "cosine", ("%.5f between embeddings"):format(self.cosine) }
    end
    return box.draw { columns = { { name = "quantised" }, { name = "" } }, rows = rows }
end

return QuantReport
