-- SPDX-License-Identifier: Apache-2.0
-- What huggingface_hub's cache has of a model, without a question to the hub. What a call is about
-- (`p`) comes from hub_call.lua.

local call = require "moonlet.hub_call"
local files = require "moonlet.hub_files"
local pulled = require "moonlet.hub_pulled"

local native = call.native

local cached = {}

-- The folder of a commit as far as it is here: list of files, and what it lacks for loading (or of
-- the patterns asked for).
local function look(p, commit)
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
            return call.decoded(call.read_file(folder .. "/" .. files.INDEX) or "")
        end)
    end
    return { folder = folder, files = list, lacking = #list == 0 and "everything" or lacking }
end

--- Nothing more could come from the hub: a commit never changes. Wildcards may mean files that were
-- not pulled, and so may a small file that nobody has asked for.
function cached.settled(p, here)
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

--- What is here of the revision: {commit=, folder=, files=, lacking=}; nil where nothing is known.
function cached.find(p)
    local commit = native "commit"(p.cache, p.id, p.revision)
    if not commit then return nil end
    local here = look(p, commit)
    here.commit = commit
    return here
end

--- The same as what models.pull gives.
function cached.value(p, here, note)
    local list = {}
    for _, file in ipairs(here.files) do
        if not p.patterns or files.fits(file.name, p.patterns) then
            list[#list + 1] = { name = file.name, bytes = file.bytes, there = true }
        end
    end
    return pulled.new { id = p.id, revision = p.revision, commit = here.commit,
        folder = here.folder, files = list, received = 0, note = note,
        licence = pulled.card_licence(call.read_file(here.folder .. "/README.md")) }
end

--- Why that is not enough, in words.
function cached.lacks(p, here)
    if not here or #here.files == 0 then
        return ("the cache at %s has nothing of %s@%s"):format(p.cache, p.id, p.revision)
    end
    return ("what the cache has of %s@%s lacks %s"):format(p.id, p.revision, here.lacking)
end

return cached
