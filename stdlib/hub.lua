-- SPDX-License-Identifier: Apache-2.0
-- Models of a model hub (huggingface.co, or any server that speaks as it does): pulling what the
-- cache lacks, finding what it has. The cache is huggingface_hub's own, so that either finds what
-- the other pulled. Requests, downloads and the cache's layout are native (engine/protocols:
-- hub_request, downloads; engine/formats: hub_cache); hub_files.lua says which files are wanted,
-- hub_listing.lua asks the hub, hub_cached.lua the cache. The token stands in no value, no text and
-- no error.

local cached = require "moonlet.hub_cached"
local call = require "moonlet.hub_call"
local files = require "moonlet.hub_files"
local listing = require "moonlet.hub_listing"
local pulled = require "moonlet.hub_pulled"

local native, fail = call.native, call.fail

local hub = { OPTIONS = call.OPTIONS, parse = call.parse, meant = call.meant }

-- Fetches what is missing of `wanted` and links all of it into the snapshot.
local function fetch(p, commit, wanted)
    local missing, need = {}, 0
    for _, file in ipairs(wanted) do
        if not file.etag then listing.ask_file(p, commit, file) end
        local hash = #file.etag == 64 or #file.etag == 40
        hash = hash and not file.etag:find("[^0-9a-f]") and file.etag or ""
        local here = call.file_bytes(native "file"(p.cache, p.id, commit, file.name))
        file.there = not p.force and here ~= nil and (not file.bytes or here == file.bytes)
        if not file.there then
            local places = native "places"(p.cache, p.id, file.etag)
            local have = call.file_bytes(places.path) or call.file_bytes(places.partial) or 0
            need = need + math.max(0, (file.bytes or 0) - have)
            missing[#missing + 1] = { name = file.name, url = listing.url(p, commit, file.name),
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
    local ok, answer = pcall(call.wait, native "download"(given))
    if not ok then fail(p, "%s@%s: %s", p.id, p.revision, call.said(answer)) end
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
    local index = call.read_file(p.folder .. "/" .. files.INDEX) or ""
    for _, part in ipairs(files.parts(call.decoded(index))) do
        if not by_name[part] then
            fail(p, "%s names the weights %s, which %s does not have", files.INDEX, part, p.id)
        end
        if not chosen[part] then
            wanted[#wanted + 1], rest[#rest + 1] = by_name[part], by_name[part]
        end
    end
end

local function pull(p, info)
    local commit, list = info.sha, listing.files(info)
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
            or pulled.card_licence(call.read_file(p.folder .. "/README.md")) }
end

-- The value; nil and the reason where the hub could not be asked.
local function ask_and_pull(p)
    local info, why = listing.ask(p)
    if not info then return nil, why end
    local ok, value = pcall(pull, p, info)
    if ok then return value end
    value = call.said(value)
    if value:sub(1, #p.where + 1) == p.where .. ":" then error(value, 0) end
    fail(p, "%s", value)
end

--- models.pull: see models.lua.
function hub.pull(name, opts, where)
    local p = call.plan(name, opts, where or "models.pull")
    local here = cached.find(p)
    if here and here.commit == p.revision and not p.force and cached.settled(p, here) then
        return cached.value(p, here)
    end
    if p.offline then
        if here and not here.lacking and not p.force then return cached.value(p, here) end
        fail(p, "%s, and HF_HUB_OFFLINE is set; unset it to pull, or name the cache that has it "
            .. "with cache= or $HF_HUB_CACHE",
            p.force and "force asks the hub" or cached.lacks(p, here))
    end
    local value, why = ask_and_pull(p)
    if value then return value end
    if here and not here.lacking and not p.force then
        return cached.value(p, here, "the hub could not be asked: " .. why)
    end
    fail(p, "%s: %s; %s", p.id, why, cached.lacks(p, here))
end

--- The folder (or .gguf file) of a model that the cache has whole, nil and what it lacks where not.
--- No network.
function hub.find(name, opts)
    local p = call.plan(name, opts, "models.load")
    local here = cached.find(p)
    if not here or here.lacking then return nil, cached.lacks(p, here) end
    return cached.value(p, here).path
end

--- The folder or file that a tokenizer of the hub is read from: from the cache, else pulled.
function hub.tokenizer(name)
    local p = call.plan(name, {}, "tokenizers.load")
    p.patterns, p.vocabulary = files.TOKENIZER, true
    local here = cached.find(p)
    if not here or here.lacking then
        if p.offline then fail(p, "%s, and HF_HUB_OFFLINE is set", cached.lacks(p, here)) end
        local why
        here, why = ask_and_pull(p)
        if not here then fail(p, "%s: %s", p.id, why) end
    end
    local path = pulled.vocabulary(here.folder, here.files)
    return path or fail(p, "%s has no %s", p.id, table.concat(files.VOCABULARY, ", no "))
end

return hub
