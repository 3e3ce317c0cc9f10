-- SPDX-License-Identifier: Apache-2.0
-- What the hub says of a model: its commit, its files with sizes and hashes, its licence. What a
-- call is about (`p`) comes from hub_call.lua. It writes nothing.

local call = require "moonlet.hub_call"

local native, fail = call.native, call.fail

local listing = {}

local function request(p, method, url)
    local given = { method = method, url = url }
    for k, v in pairs(p.access) do given[k] = v end
    given.parallel = nil
    return call.wait(native "request"(given))
end

--- The commit, the files and the licence; nil and the reason where the hub could not be asked.
function listing.ask(p)
    local url = ("%s/api/models/%s/revision/%s?blobs=true"):format(p.endpoint, p.id,
        native "encoded"(p.revision))
    local ok, answer = pcall(request, p, "GET", url)
    if not ok then return nil, call.said(answer) end
    if answer.status / 100 >= 3 then
        local why = native "refusal"(answer, p.page, p.sent_token)
        if answer.status >= 500 or answer.status == 429 then return nil, why end
        fail(p, "%s@%s: %s", p.id, p.revision, why)
    end
    local info = call.decoded(answer.body)
    if type(info) ~= "table" or type(info.sha) ~= "string" or type(info.siblings) ~= "table" then
        fail(p, "%s answers, but not as a model hub does; is the endpoint right?", p.endpoint)
    end
    return info
end

local function text(value) return type(value) == "string" and value ~= "" and value or nil end

--- Names, sizes and hashes from the listing; what it leaves out is asked for file by file.
function listing.files(info)
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

--- Where a file is fetched from.
function listing.url(p, commit, name)
    return ("%s/%s/resolve/%s/%s"):format(p.endpoint, p.id, commit,
        native "encoded"(name, true))
end

--- Hash and size of a file that the listing gave without.
function listing.ask_file(p, commit, file)
    local answer = request(p, "HEAD", listing.url(p, commit, file.name))
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

return listing
