-- SPDX-License-Identifier: Apache-2.0
-- models.load: a name of the form "scheme:rest" is a model behind an endpoint and goes to the
-- provider of that scheme, everything else (a folder, a file, "demo") to the engine. A provider is
-- one file of the stdlib that returns a function load(name, rest, opts), and one line below.

local providers = {
    openai = "openai", -- any OpenAI-compatible server
}

local models = {}

---@class LoadOptions
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

--- Opens a model: a Hugging Face folder (safetensors), "demo", "minilm", or "openai:NAME" at an
--- OpenAI-compatible endpoint.
---@param name string
---@param opts? LoadOptions
---@return Model
--- Example: m = models.load "demo"
function models.load(name, opts)
    local scheme, rest
    if type(name) == "string" then scheme, rest = name:match("^(%a[%w_+-]*):(.*)$") end
    if not scheme then
        if not require("moonlet.names")["models.new"] then
            error("models.load: this build has no engine; only \"openai:NAME\" can be loaded", 2)
        end
        return require("moonlet")._native("engine", "models.load")(name, opts)
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

return models
