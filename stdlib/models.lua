-- SPDX-License-Identifier: Apache-2.0
-- models.load: a name of the form "scheme:rest" is a model behind an endpoint and goes to the
-- provider of that scheme; a folder, a file and "demo" go to the engine as they are, and so does
-- "org/name", once the hub's cache has it (hub.lua). A provider is one file of the stdlib that
-- returns a function load(name, rest, opts), and one line below. models.pull, models.list.

local hub = require "moonlet.hub"
local options = require "moonlet.options"

local providers = {
    openai = "openai", -- any OpenAI-compatible server
}

local models = {}

---@class LoadOptions
---@field revision? string of a model on the hub: branch, tag or commit (default "main")
---@field token? string|boolean to the hub: yours, false for none (default $HF_TOKEN, its file)
---@field cache? string where models of the hub are kept (default as huggingface_hub)
---@field endpoint? string the hub's address (default $HF_ENDPOINT, huggingface.co)
---@field base_url? string endpoint: where it is, else api.openai.com (default $OPENAI_BASE_URL)
---@field api_key? string endpoint: the key; never shown (default $OPENAI_API_KEY)
---@field organization? string endpoint: sent along (default $OPENAI_ORG_ID)
---@field project? string endpoint: sent along (default $OPENAI_PROJECT_ID)
---@field timeout? number endpoint: seconds the server may be silent (default 600)
---@field connect_timeout? number endpoint: seconds until the connection stands (default 10)
---@field retries? integer endpoint: times to try again (default 2)
---@field headers? table endpoint: more HTTP headers, name to value (default none)
---@field extra? table endpoint: more fields of every request (default none)
---@field max_tokens_field? string endpoint: what max_tokens is sent as (default by the address)

local HUB = { "revision", "token", "cache", "endpoint" }

-- What the engine opens for `name`, and what it is told; a model of the hub is pulled where the
-- cache lacks it.
local function resolve(name, opts)
    local given, of_hub, any = {}, {}, nil
    for k, v in pairs(opts or {}) do given[k] = v end
    for _, field in ipairs(HUB) do
        any = any or given[field] ~= nil and field
        of_hub[field], given[field] = given[field], nil
    end
    local native = require("moonlet_base").functions
    if native["_hub.local_path"](name) or not hub.meant(name) then
        if any then
            error(("models.load: %s= is for models of the hub, and '%s' is none")
                :format(any, name), 3)
        end
        return name, given
    end
    local path, lacking = hub.find(name, of_hub)
    if path then return path, given end
    if not name:find "[/@]" then return name, given end -- a name of one word: never a surprise
    if not native["_hub.settings"]().offline then
        io.stderr:write(("models.load: no folder '%s' here, and %s: pulling it\n")
            :format(name, lacking))
    end
    return hub.pull(name, of_hub, "models.load").path, given
end

--- Opens a model: a Hugging Face folder, a GGUF file, "demo", "minilm", "org/name" of the hub
--- (with "@revision" or ":file.gguf" behind it; pulled where the cache lacks it), what models.pull
--- gave, or "openai:NAME" at an OpenAI-compatible endpoint.
---@param name string|PulledModel
---@param opts? LoadOptions
---@return Model
--- Example: m = models.load "demo"
function models.load(name, opts)
    local scheme, rest
    if type(name) == "table" and type(name.path) == "string" then name = name.path end
    if type(name) == "string" then scheme, rest = name:match("^(%a[%w_+-]*):(.*)$") end
    if not scheme then
        if not require("moonlet.names")["models.new"] then
            error("models.load: this build has no engine; only \"openai:NAME\" can be loaded", 2)
        end
        local load = require("moonlet")._native("engine", "models.load")
        if type(name) ~= "string" then return load(name, opts) end
        local path, given = resolve(name, opts)
        local model = load(path, given)
        require("moonlet_base").functions["_hub.opened_as"](path, name)
        return model
    end
    local file = providers[scheme]
    if not file then
        local known = {}
        for each in pairs(providers) do known[#known + 1] = '"' .. each .. ':NAME"' end
        table.sort(known)
        error(("models.load: no provider '%s'; there is %s, and a folder of that name is opened "
            .. "as \"./%s\""):format(scheme, table.concat(known, ", "), name), 2)
    end
    return require("moonlet." .. file).load(name, rest, opts or {})
end

---@class PullOptions
---@field revision? string branch, tag or commit (default "main")
---@field files? string|string[] patterns such as "*Q4_K_M.gguf" (default what loading needs)
---@field endpoint? string the hub's address (default $HF_ENDPOINT, huggingface.co)
---@field token? string|boolean yours; true: $HF_TOKEN or its file; false: none (default true)
---@field cache? string where it goes (default $HF_HUB_CACHE, as huggingface_hub)
---@field force? boolean fetches again what is there (default false)
---@field parallel? integer files at a time (default 4)
---@field retries? integer times to try again (default 5)
---@field timeout? number seconds the server may be silent (default 30)

--- Pulls a model from the hub into huggingface_hub's cache, or what is missing of it: checked
--- against the hub's hashes, taken up where an earlier pull broke off. Ctrl-C keeps what came.
--- Of several GGUF files one is chosen by a pattern, or as "org/name:file.gguf".
---@param name string
---@param opts? PullOptions
---@return PulledModel
function models.pull(name, opts)
    options.check(opts or {}, hub.OPTIONS, "models.pull")
    return hub.pull(name, opts)
end

---@class ListOptions
---@field cache? string the hub's cache (default $HF_HUB_CACHE, as huggingface_hub)

--- What there is to load: our own models, those in the hub's cache, and those in folders of yours.
--- Reads headers only; the result prints as a table and is a list of {name=, family=, parameters=,
--- bytes=, dtype=, path=, where=}.
---@param folders? string|string[]
---@param opts? ListOptions
---@return ModelList
--- Example: models.list()
function models.list(folders, opts)
    options.check(opts or {}, require("moonlet.model_list").OPTIONS, "models.list")
    return require("moonlet.model_list").new(folders, opts)
end

--- What this processor gives at most, measured in half a second: bytes read and products computed
--- in a second. Speeds are told as shares of it.
---@return Machine
--- Example: models.machine().threads
function models.machine()
    return require("moonlet.machine").measure()
end

--- What a GGUF or safetensors file (or a folder of those) holds, without opening a model: its keys
--- with types and values, its tensors with dtypes, shapes and bytes.
---@param path string
---@param opts? InspectOptions
---@return WeightsFile
--- Example: models.inspect("demo").tensors[1].name
function models.inspect(path, opts)
    return require("moonlet.inspect").open(path, opts)
end

return models
