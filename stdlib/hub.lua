-- SPDX-License-Identifier: Apache-2.0
-- Models of a model hub (huggingface.co, or any server that speaks as it does): what a name means,
-- what the cache has of it, and pulling what is missing. The cache is huggingface_hub's own, so
-- that either finds what the other pulled. Requests, downloads and the cache's layout are native
-- (engine/protocols/hub_request, downloads; engine/formats/hub_cache); which files are wanted is
-- hub_files.lua. The token stands in no value, no text and no error.

local files = require "moonlet.hub_files"
local options = require "moonlet.options"
local pulled = require "moonlet.hub_pulled"
local tasks = require "moonlet.tasks"

local hub = {}

hub.OPTIONS = options.rows {
    "revision string \"main\"", "files string|table", "endpoint string", "token string|boolean",
    "cache string", "force boolean false", "parallel integer 4", "retries integer 5",
    "timeout number 30",
}

local function native(name) return require("moonlet_base").functions["_hub." .. name] end

local function decoded(text)
    local ok, value = pcall(require("moonlet").json.decode, text)
    return ok and value or nil
end

local function read_file(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local bytes = file:read("*a")
    file:close()
    return bytes
end

local function file_bytes(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local bytes = file:seek("end")
    file:close()
    return bytes
end

--- {id=, revision=, file=} of "org/name", "name", "org/name@revision", "org/name:file.gguf"; nil
--- for what is no name of a model on the hub.
function hub.parse(name)
    if type(name) ~= "string" then return nil end
    local rest, file = name:match("^([^:]*):(.+)$")
    local id, revision = (rest or name):match("^([^@]*)@(.+)$")
    id = id or rest or name
    if not native "is_id"(id) then return nil end
    return { id = id, revision = revision, file = file }
end

-- What a call is about: names, places and options in one table.
local function plan(name, opts, where)
    opts = opts or {}
    local named = hub.parse(name)
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

local function fail(p, text, ...)
    error(("%s: %s"):format(p.where, select("#", ...) > 0 and text:format(...) or text), 0)
end

local function wait(job)
    if tasks.running() then return tasks.await(job) end
    return job:result()
end

-- An error's text without the place in the code that native functions put before it.
local function said(problem)
    local place, rest = tostring(problem):match("^(.-):%d+: (.*)$")
    return place and not place:find("://", 1, true) and rest or tostring(problem)
end

local function request(p, method, url)
    local given = { method = method, url = url }
    for k, v in pairs(p.access) do given[k] = v end
    given.parallel = nil
    return wait(native "request"(given))
end

-- ---- What the cache has

-- The folder of a commit as far as it is here: list of files, and what it lacks for loading (or of
-- the patterns asked for).
local function cached(p, commit)
    local list = native "files"(p.cache, p.id, commit)
    local folder = native "snapshot"(p.cache, p.id, commit)
    local lacking
    if p.vocabulary then
        if not pulled.vocabulary(folder, list) then lacking = "tokenizer.json" end
    elseif p.patterns then
        for _, pattern in ipairs(p.patterns) do
            local fits = false
            for _, file in ipairs(list) do fits = fits or files.fits(file.name, { pattern }) end
            if not fits then lacking = lacking or pattern end
        end
    else
        lacking = files.lacking(list, function()
            return decoded(read_file(folder .. "/" .. files.INDEX) or "")
        end)
    end
    return { folder = folder, files = list, lacking = #list == 0 and "everything" or lacking }
end

-- Nothing more could come from the hub: a commit never changes. Wildcards may mean files that were
-- not pulled, and so may a small file that nobody has asked for.
local function settled(p, here)
    if here.lacking then return false end
    for _, pattern in ipairs(p.patterns or {}) do
        if pattern:find("[%*%?%[]") or pattern:sub(-1) == "/" then return false end
    end
    if p.patterns then return true end
    local has = {}
    for _, file in ipairs(here.files) do has[file.name] = true end
    if not has["config.json"] then return true end -- GGUF, or an adapter
    for _, name in ipairs(files.ESSENTIAL) do
        if not has[name] and not native "absent"(p.cache, p.id, here.commit, name) then
            return false
        end
    end
    return true
end

local function from_cache(p)
    local commit = native "commit"(p.cache, p.id, p.revision)
    if not commit then return nil end
    local here = cached(p, commit)
    here.commit = commit
    return here
end

local function cached_value(p, here, note)
    local list = {}
    for _, file in ipairs(here.files) do
        if not p.patterns or files.fits(file.name, p.patterns) then
            list[#list + 1] = { name = file.name, bytes = file.bytes, there = true }
        end
    end
    return pulled.new { id = p.id, revision = p.revision, commit = here.commit,
        folder = here.folder, files = list, received = 0, note = note,
        licence = pulled.card_licence(read_file(here.folder .. "/README.md")) }
end

local function lacks(p, here)
    if not here or #here.files == 0 then
        return ("the cache at %s has nothing of %s@%s"):format(p.cache, p.id, p.revision)
    end
    return ("what the cache has of %s@%s lacks %s"):format(p.id, p.revision, here.lacking)
end

-- ---- What the hub says

-- The commit, the files and the licence; nil and the reason where the hub could not be asked.
local function ask(p)
    local url = ("%s/api/models/%s/revision/%s?blobs=true"):format(p.endpoint, p.id,
        native "encoded"(p.revision))
    local ok, answer = pcall(request, p, "GET", url)
    if not ok then return nil, said(answer) end
    if answer.status / 100 >= 3 then
        local why = native "refusal"(answer, p.page, p.sent_token)
        if answer.status >= 500 or answer.status == 429 then return nil, why end
        fail(p, "%s@%s: %s", p.id, p.revision, why)
    end
    local info = decoded(answer.body)
    if type(info) ~= "table" or type(info.sha) ~= "string" or type(info.siblings) ~= "table" then
        fail(p, "%s answers, but not as a model hub does; is the endpoint right?", p.endpoint)
    end
    return info
end

local function text(value) return type(value) == "string" and value ~= "" and value or nil end

-- Names, sizes and hashes from the listing; what it leaves out is asked for file by file.
local function listing(info)
    local list = {}
    for _, each in ipairs(info.siblings) do
        local lfs = type(each.lfs) == "table" and each.lfs or {}
        local hash = text(lfs.sha256) or text(lfs.oid) or text(each.blobId)
        if text(each.rfilename) then
            list[#list + 1] = { name = each.rfilename, etag = hash,
                bytes = tonumber(lfs.size) or tonumber(each.size) }
        end
    end
    return list
end

local function resolve_url(p, commit, name)
    return ("%s/%s/resolve/%s/%s"):format(p.endpoint, p.id, commit,
        native "encoded"(name, true))
end

local function ask_file(p, commit, file)
    local answer = request(p, "HEAD", resolve_url(p, commit, file.name))
    if answer.status >= 400 then
        fail(p, "%s of %s@%s: %s", file.name, p.id, p.revision,
            native "refusal"(answer, p.page, p.sent_token))
    end
    local first = answer.first
    local etag = text(first["x-linked-etag"]) or text(first.etag) or text(answer.headers.etag)
    if not etag then fail(p, "%s: the hub gives no ETag for it", file.name) end
    file.etag = etag:gsub("^W/", ""):gsub('"', "")
    file.bytes = tonumber(first["x-linked-size"]) or file.bytes
        or (answer.status == 200 and tonumber(answer.headers["content-length"]) or nil)
end

-- ---- Pulling

-- Fetches what is missing of `wanted` and links all of it into the snapshot.
local function fetch(p, commit, wanted)
    local missing, need = {}, 0
    for _, file in ipairs(wanted) do
        if not file.etag then ask_file(p, commit, file) end
        local hash = #file.etag == 64 or #file.etag == 40
        hash = hash and not file.etag:find("[^0-9a-f]") and file.etag or ""
        local here = file_bytes(native "file"(p.cache, p.id, commit, file.name))
        file.there = not p.force and here ~= nil and (not file.bytes or here == file.bytes)
        if not file.there then
            local places = native "places"(p.cache, p.id, file.etag)
            local have = file_bytes(places.path) or file_bytes(places.partial) or 0
            need = need + math.max(0, (file.bytes or 0) - have)
            missing[#missing + 1] = { name = file.name, url = resolve_url(p, commit, file.name),
                path = places.path, partial = places.partial, lock = places.lock,
                bytes = file.bytes, hash = hash, etag = file.etag, page = p.page,
                force = p.force, of = file }
        end
    end
    if #missing == 0 then return 0, 0 end
    native "prepare"(p.cache, p.id, commit)
    local free = native "free_bytes"(p.cache)
    if need > free then
        fail(p, "%s needs %s and %s has %s left; free some space, or name another place with "
            .. "cache= or $HF_HUB_CACHE", p.id, files.size(need), p.cache, files.size(free))
    end
    table.sort(missing, function(a, b) return (a.bytes or 0) < (b.bytes or 0) end)
    local given = { what = "pulling " .. p.id, files = {} }
    for k, v in pairs(p.access) do given[k] = v end
    for i, each in ipairs(missing) do
        given.files[i] = {}
        for k, v in pairs(each) do if k ~= "of" then given.files[i][k] = v end end
    end
    local ok, answer = pcall(wait, native "download"(given))
    if not ok then fail(p, "%s@%s: %s", p.id, p.revision, said(answer)) end
    local received = 0
    for i, each in ipairs(missing) do
        local done = answer.files[i]
        each.of.bytes, each.of.there, each.of.resumed = done.bytes, done.there, done.resumed
        received = received + done.received
        native "link"(p.cache, p.id, commit, each.name, each.etag)
    end
    return received, answer.seconds
end

-- The parts that the index names, where they have other names than usual.
local function add_parts(p, list, wanted, rest)
    local chosen, by_name = {}, {}
    for _, file in ipairs(wanted) do chosen[file.name] = true end
    for _, file in ipairs(list) do by_name[file.name] = file end
    if p.patterns or not chosen[files.INDEX] then return end
    local index = read_file(p.folder .. "/" .. files.INDEX) or ""
    for _, part in ipairs(files.parts(decoded(index))) do
        if not by_name[part] then
            fail(p, "%s names the weights %s, which %s does not have", files.INDEX, part, p.id)
        end
        if not chosen[part] then
            wanted[#wanted + 1], rest[#rest + 1] = by_name[part], by_name[part]
        end
    end
end

local function pull(p, info)
    local commit, list = info.sha, listing(info)
    local ok, wanted = pcall(files.choose, p.id, list, p.patterns, p.vocabulary)
    if not ok then fail(p, "%s", wanted) end
    p.folder = native "snapshot"(p.cache, p.id, commit)
    -- a cache that cannot be written serves as long as nothing is missing
    pcall(native "set_commit", p.cache, p.id, p.revision, commit)
    local received, seconds = 0, 0
    local function get(some)
        local bytes, took = fetch(p, commit, some)
        received, seconds = received + bytes, seconds + took
    end
    local rest = {}
    for _, file in ipairs(wanted) do
        if file.name == files.INDEX then get { file } else rest[#rest + 1] = file end
    end
    add_parts(p, list, wanted, rest)
    get(rest)
    local has = {}
    for _, file in ipairs(list) do has[file.name] = true end
    for _, name in ipairs(files.ESSENTIAL) do
        if not has[name] then pcall(native "set_absent", p.cache, p.id, commit, name) end
    end
    return pulled.new { id = p.id, revision = p.revision, commit = commit, folder = p.folder,
        files = wanted, received = received, seconds = seconds,
        licence = pulled.licence(info.cardData)
            or pulled.card_licence(read_file(p.folder .. "/README.md")) }
end

-- The value; nil and the reason where the hub could not be asked.
local function ask_and_pull(p)
    local info, why = ask(p)
    if not info then return nil, why end
    local ok, value = pcall(pull, p, info)
    if ok then return value end
    value = said(value)
    if value:sub(1, #p.where + 1) == p.where .. ":" then error(value, 0) end
    fail(p, "%s", value)
end

--- models.pull: see models.lua.
function hub.pull(name, opts, where)
    local p = plan(name, opts, where or "models.pull")
    local here = from_cache(p)
    if here and here.commit == p.revision and not p.force and settled(p, here) then
        return cached_value(p, here)
    end
    if p.offline then
        if here and not here.lacking and not p.force then return cached_value(p, here) end
        fail(p, "%s, and HF_HUB_OFFLINE is set; unset it to pull, or name the cache that has it "
            .. "with cache= or $HF_HUB_CACHE", p.force and "force asks the hub" or lacks(p, here))
    end
    local value, why = ask_and_pull(p)
    if value then return value end
    if here and not here.lacking and not p.force then
        return cached_value(p, here, "the hub could not be asked: " .. why)
    end
    fail(p, "%s: %s; %s", p.id, why, lacks(p, here))
end

--- The folder (or .gguf file) of a model that the cache has whole, nil and what it lacks where not.
--- No network.
function hub.find(name, opts)
    local p = plan(name, opts, "models.load")
    local here = from_cache(p)
    if not here or here.lacking then return nil, lacks(p, here) end
    return cached_value(p, here).path
end

--- The folder or file that a tokenizer of the hub is read from: from the cache, else pulled.
function hub.tokenizer(name)
    local p = plan(name, {}, "tokenizers.load")
    p.patterns, p.vocabulary = files.TOKENIZER, true
    local here = from_cache(p)
    if not here or here.lacking then
        if p.offline then fail(p, "%s, and HF_HUB_OFFLINE is set", lacks(p, here)) end
        local why
        here, why = ask_and_pull(p)
        if not here then fail(p, "%s: %s", p.id, why) end
    end
    local path = pulled.vocabulary(here.folder, here.files)
    return path or fail(p, "%s has no %s", p.id, table.concat(files.VOCABULARY, ", no "))
end

return hub
