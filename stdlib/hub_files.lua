-- SPDX-License-Identifier: Apache-2.0
-- Which files of a repository on the hub are wanted: those that loading needs, or those that a
-- pattern names (huggingface_hub's: * any characters, slashes too, ? one, [ab] one of, [!ab] none
-- of; "folder/" all in it). And what a folder lacks to be loaded. It knows names and sizes only.

local options = require "moonlet.options"
local units = require "moonlet.units"

local files = {}

local INDEX = "model.safetensors.index.json"

-- What loading reads beside the weights.
local SMALL = {
    "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt", "merges.txt",
    "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "*.tiktoken", "tekken.json",
    "chat_template.jinja", "chat_template.json", "additional_chat_templates/*.jinja",
    "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
    "[0-9]_*/config.json", "[0-9]_*/model.safetensors", "adapter_config.json", "README.md",
    "LICENSE*",
}
-- What a tokenizer is read from, the best first, and what stands beside it.
files.VOCABULARY = { "tokenizer.json", "tokenizer.model", "spiece.model",
    "sentencepiece.bpe.model", "*.tiktoken" }
files.TOKENIZER = { "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json", "vocab.txt", "merges.txt", unpack(files.VOCABULARY) }
-- Loading asks for these, and whether they are missing must be known where there is no network.
files.ESSENTIAL = { "config.json", "generation_config.json", "tokenizer.json",
    "tokenizer_config.json" }
-- Weights that are opened by running what they hold.
local PICKLED = { "pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt" }

local function lua_pattern(pattern)
    if pattern:sub(-1) == "/" then pattern = pattern .. "*" end
    local parts, at = {}, 1
    while at <= #pattern do
        local c = pattern:sub(at, at)
        local close = c == "[" and pattern:find("]", at + 2 + (pattern:sub(at + 1, at + 1) == "!"
            and 1 or 0), true)
        if c == "*" then
            parts[#parts + 1] = ".*"
        elseif c == "?" then
            parts[#parts + 1] = "[%z\1-\127\194-\244][\128-\191]*" -- a character of UTF-8
        elseif close then
            local set = pattern:sub(at + 1, close - 1)
            local negated = set:sub(1, 1) == "!"
            set = (negated and set:sub(2) or set):gsub("[%%%]%[%^]", "%%%0")
            parts[#parts + 1] = "[" .. (negated and "^" or "") .. set .. "]"
            at = close
        else
            parts[#parts + 1] = (c:gsub("%W", "%%%0"))
        end
        at = at + 1
    end
    return "^" .. table.concat(parts) .. "$"
end

--- Whether a file's name fits one of the patterns.
function files.fits(name, patterns)
    for _, pattern in ipairs(patterns) do
        if name:match(lua_pattern(pattern)) then return true end
    end
    return false
end

local function names_of(list)
    local names, has = {}, {}
    for i, file in ipairs(list) do names[i], has[file.name] = file.name, file end
    return names, has
end

local function filtered(list, patterns)
    local kept = {}
    for _, file in ipairs(list) do
        if files.fits(file.name, patterns) then kept[#kept + 1] = file end
    end
    return kept
end

--- "1.2 GB" from bytes.
function files.size(bytes)
    if not bytes or bytes < 0 then return "?" end
    return units.bytes(bytes)
end

-- "a (1.2 GB), b (3 MB)", the largest first, at most `count` of them.
local function shown(list, count)
    local sorted = { unpack(list) }
    table.sort(sorted, function(a, b) return (a.bytes or 0) > (b.bytes or 0) end)
    local parts = {}
    for i = 1, math.min(count, #sorted) do
        parts[i] = ("%s (%s)"):format(sorted[i].name, files.size(sorted[i].bytes))
    end
    if #sorted > count then parts[#parts + 1] = ("and %d more"):format(#sorted - count) end
    return #parts > 0 and table.concat(parts, ", ") or "no file"
end

local function by_patterns(id, list, patterns, some)
    local names = names_of(list)
    for _, pattern in ipairs(some and {} or patterns) do
        if #filtered(list, { pattern }) == 0 then
            local near = options.nearest(pattern, names)
            error(("%s has no file that fits '%s'%s; there is %s"):format(id, pattern,
                near and (", did you mean '" .. near .. "'?") or "", shown(list, 12)), 0)
        end
    end
    return filtered(list, patterns)
end

-- The parts of a model in several files ("…-00001-of-00003.gguf") count as one.
local function gguf_models(list)
    local models, count = {}, 0
    for _, file in ipairs(list) do
        if file.name:lower():match("%.gguf$") and not file.name:lower():match("mmproj") then
            local stem = file.name:gsub("%-%d+%-of%-%d+%.gguf$", "")
            if not models[stem] then count = count + 1 end
            models[stem] = models[stem] or {}
            table.insert(models[stem], file)
        end
    end
    return models, count
end

--- The files to pull of `list` ({name=, bytes=} each): those that fit `patterns`, or what loading
--- needs. Errors say what there is. `some`: not every pattern need fit a file.
function files.choose(id, list, patterns, some)
    if patterns then return by_patterns(id, list, patterns, some) end
    local _, has = names_of(list)
    local small = filtered(list, SMALL)
    local function with(more)
        for _, file in ipairs(more) do small[#small + 1] = file end
        return small
    end
    for _, single in ipairs { "model.safetensors", "adapter_model.safetensors" } do
        if has[single] then return with { has[single] } end
    end
    -- the index says later which files the parts are; these are its usual names
    local parts = filtered(list, { "model-?????-of-?????.safetensors" })
    if has[INDEX] then return with { has[INDEX], unpack(parts) } end
    local ggufs, count = gguf_models(list)
    if count == 1 then return with(select(2, next(ggufs))) end
    if count > 1 then
        local all = filtered(list, { "*.gguf" })
        error(("%s holds %d GGUF models; choose one by a pattern, such as files=\"%s\"; there is "
            .. "%s"):format(id, count, all[1].name, shown(all, 40)), 0)
    end
    local pickled = filtered(list, PICKLED)
    if #pickled > 0 then
        error(("%s has its weights only as %s: that is Python's pickle, which runs what is in it; "
            .. "wanted model.safetensors or a .gguf; look for a revision or a copy of the model "
            .. "with safetensors, or save it with save_pretrained in transformers (files=\"%s\" "
            .. "fetches the bytes all the same)"):format(id, pickled[1].name, pickled[1].name), 0)
    end
    return small
end

--- The files that the index of a model in parts names, as a list, from its decoded JSON.
function files.parts(index)
    local seen, parts = {}, {}
    for _, part in pairs(type(index) == "table" and index.weight_map or {}) do
        if type(part) == "string" and not seen[part] then
            seen[part], parts[#parts + 1] = true, part
        end
    end
    table.sort(parts)
    return parts
end

--- What a folder lacks to be loaded: nil when nothing, else a file's name. `read_index` gives the
--- decoded index of a model in parts.
function files.lacking(list, read_index)
    local _, has = names_of(list)
    if has["adapter_config.json"] then
        return not has["adapter_model.safetensors"] and "adapter_model.safetensors" or nil
    end
    local _, count = gguf_models(list)
    if not has["config.json"] then return count == 0 and "config.json" or nil end
    if has["model.safetensors"] then return nil end
    if not has[INDEX] then return count == 0 and "model.safetensors" or nil end
    for _, part in ipairs(files.parts(read_index())) do
        if not has[part] then return part end
    end
end

files.INDEX = INDEX

return files
