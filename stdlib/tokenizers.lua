-- SPDX-License-Identifier: Apache-2.0
-- tokenizers.load: a path goes to the native function as it is, "org/name" becomes the folder of
-- the hub's cache that holds the tokenizer (hub.lua), pulled where the cache lacks it.

local hub = require "moonlet.hub"

local tokenizers = {}

---@class TokenizerOptions
---@field encoding? string of a tiktoken rank file: "cl100k_base", … (default by name, size)

--- Opens a tokenizer: a folder that holds tokenizer.json, a file (tokenizer.json, tekken.json,
--- .gguf, .tiktoken, tokenizer.model) or "org/name" of the model hub.
---@param path string
---@param opts? TokenizerOptions
---@return Tokenizer
--- Example: tok = tokenizers.load("examples/models/demo")
function tokenizers.load(path, opts)
    local load = require("moonlet")._native("base", "tokenizers.load")
    local here = require("moonlet_base").functions["_hub.local_path"]
    if type(path) == "string" and path:find("/", 1, true) and hub.meant(path)
        and not here(path) then
        path = hub.tokenizer(path)
    end
    if opts == nil then return load(path) end
    return load(path, opts)
end

return tokenizers
