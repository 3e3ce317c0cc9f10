-- SPDX-License-Identifier: Apache-2.0
-- What one call about a model of the hub is about: its name taken apart, its options checked, the
-- environment's settings; and the few helpers that hub.lua and its parts share. It asks nobody.

local options = require "moonlet.options"
local tasks = require "moonlet.tasks"

local call = {}

call.OPTIONS = options.rows {
    "revision string \"main\"", "files string|table", "endpoint string", "token string|boolean",
    "cache string", "force boolean false", "parallel integer 4", "retries integer 5",
    "timeout number 30",
}

--- A native function of the hub by its name.
function call.native(name) return require("moonlet_base").functions["_hub." .. name] end

local native = call.native

--- The value of a JSON text, nil where it is none.
function call.decoded(text)
    local ok, value = pcall(require("moonlet").json.decode, text)
    return ok and value or nil
end

--- The bytes of a file, nil where there is none.
function call.read_file(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local bytes = file:read("*a")
    file:close()
    return bytes
end

--- The length of a file, nil where there is none.
function call.file_bytes(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local bytes = file:seek("end")
    file:close()
    return bytes
end

--- {id=, revision=, file=} of "org/name", "name", "org/name@revision", "org/name:file.gguf"; nil
--- for what is no name of a model on the hub.
function call.parse(name)
    if type(name) ~= "string" then return nil end
    local rest, file = name:match("^([^:]*):(.+)$")
    local id, revision = (rest or name):match("^([^@]*)@(.+)$")
    id = id or rest or name
    if not native "is_id"(id) then return nil end
    return { id = id, revision = revision, file = file }
end

--- Whether a name that is no path here is one of the hub: not "folder/file.gguf", which is a path
--- mistyped.
function call.meant(name)
    local named = call.parse(name)
    local ending = named and named.id:lower():match "%.(%a+)$"
    return named ~= nil and not (ending == "gguf" or ending == "json" or ending == "model"
        or ending == "tiktoken" or ending == "safetensors")
end

--- What a call is about: names, places and options in one table.
function call.plan(name, opts, where)
    opts = opts or {}
    local named = call.parse(name)
    if not named then
        error(("%s: '%s' is no name of a model on the hub; wanted \"org/name\", with "
            .. "\"@revision\" or \":file.gguf\" behind it where one is meant")
            :format(where, tostring(name)), 0)
    end
    for _, pattern in ipairs(type(opts.files) == "table" and opts.files or {}) do
        if type(pattern) ~= "string" then
            error(("%s: files holds a %s; wanted patterns such as \"*.gguf\""):format(where,
                type(pattern)), 0)
        end
    end
    if type(opts.files) == "table" and #opts.files == 0 then
        error(where .. ": files is an empty list; leave it out for what loading needs", 0)
    end
    local settings = native "settings"()
    local patterns = opts.files or named.file
    local token = opts.token
    if token == "" then token = false end
    local had = token == true and settings.token_source or type(token) == "string"
        or token == nil and settings.token_source and not settings.token_on_request_only
    local endpoint = (opts.endpoint or settings.endpoint):gsub("/+$", "")
    return {
        id = named.id, revision = opts.revision or named.revision or "main",
        patterns = type(patterns) == "string" and { patterns } or patterns,
        endpoint = endpoint, page = endpoint .. "/" .. named.id, offline = settings.offline,
        cache = (opts.cache or settings.cache):gsub("^~/", (os.getenv "HOME" or "~") .. "/"),
        force = opts.force or false, where = where, sent_token = had and true or false,
        access = { endpoint = endpoint, token = token, retries = opts.retries,
            timeout = opts.timeout, parallel = opts.parallel },
    }
end

--- Ends the call with an error that names the function the user called.
function call.fail(p, text, ...)
    error(("%s: %s"):format(p.where, select("#", ...) > 0 and text:format(...) or text), 0)
end

--- The result of a job; in a task the others go on meanwhile.
function call.wait(job)
    if tasks.running() then return tasks.await(job) end
    return job:result()
end

--- An error's text without the place in the code that native functions put before it.
function call.said(problem)
    local place, rest = tostring(problem):match("^(.-):%d+: (.*)$")
    return place and not place:find("://", 1, true) and rest or tostring(problem)
end

return call
