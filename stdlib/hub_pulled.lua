-- SPDX-License-Identifier: Apache-2.0
-- What models.pull gives: where the files are, which they are, and under which licence. It pulls
-- nothing itself.

local box = require "moonlet.box"
local class = require "moonlet.class"
local files = require "moonlet.hub_files"
local text = require "moonlet.text"

---@class PulledModel
---@field id string "org/name"
---@field revision string as it was asked for, "main"
---@field commit string what that stands for
---@field folder string where the files are
---@field path string what models.load opens: the folder, or the .gguf file in it
---@field files table[] {name=, bytes=, there= (was here before), resumed=}
---@field bytes integer of all of them
---@field received integer that came over the network
---@field licence string? as the model's card says
---@field note string? what is to be known about it
local meta, Pulled = class("PulledModel")

local pulled = {}

local function plain(value)
    if type(value) == "string" and value ~= "" then return value end
    if type(value) ~= "table" then return nil end
    local parts = {}
    for _, each in ipairs(value) do parts[#parts + 1] = type(each) == "string" and each or nil end
    return #parts > 0 and table.concat(parts, ", ") or nil
end

--- The licence in a card's data, as the hub gives it: "other" has a name of its own.
function pulled.licence(card)
    if type(card) ~= "table" then return nil end
    local licence = plain(card.license)
    if licence == "other" then return plain(card.license_name) or licence end
    return licence
end

--- The same from the text of a README.md: the lines between the first "---" and the next, of which
--- only "license:" and "license_name:" are read, as one value, "[a, b]" or lines "- a".
function pulled.card_licence(readme)
    local card, key, inside = { license = {}, license_name = {} }, nil, false
    for line in (readme or ""):gsub("\r", ""):gmatch("[^\n]+") do
        if line:match("^%-%-%-%s*$") then
            if inside then break end
            inside = true
        elseif not inside then
            if line:match("%S") then return nil end
        else
            local name, value = line:match("^([%w_]+):%s*(.*)$")
            key = name or key
            value = value or line:match("^%s*%-%s+(.*)$")
            for word in (value or ""):gsub("%s+#.*$", ""):gmatch("[^%[%],]+") do
                word = word:match("^%s*[\"']?(.-)[\"']?%s*$")
                if card[key] and word ~= "" then table.insert(card[key], word) end
            end
        end
    end
    if card.license[1] == "other" then card.license = "other" end
    return pulled.licence(card)
end

--- What a tokenizer is read from: the folder, where it has a tokenizer.json, or a file; nil where
--- there is none.
function pulled.vocabulary(folder, list)
    for _, pattern in ipairs(files.VOCABULARY) do
        for _, file in ipairs(list) do
            if files.fits(file.name, { pattern }) then
                return pattern == "tokenizer.json" and folder or folder .. "/" .. file.name
            end
        end
    end
end

--- From {id, revision, commit, folder, files, received, seconds?, licence?, note?}.
function pulled.new(self)
    self.bytes = 0
    local ggufs, config = {}, false
    for _, file in ipairs(self.files) do
        self.bytes = self.bytes + (file.bytes or 0)
        if file.name:lower():match("%.gguf$") then ggufs[#ggufs + 1] = file.name end
        config = config or file.name == "config.json"
        file.etag = nil
    end
    table.sort(self.files, function(a, b) return a.name < b.name end)
    table.sort(ggufs)
    -- of a model in parts the first is opened
    local one = #ggufs == 1 or (ggufs[1] or ""):match("%-0*1%-of%-%d+%.gguf$")
    self.path = self.folder .. (not config and one and "/" .. ggufs[1] or "")
    return setmetatable(self, meta)
end

--- A plain table of it.
---@return table
function Pulled:table()
    local copy = {}
    for k, v in pairs(self) do copy[k] = v end
    return copy
end

function meta.__tostring(self)
    local dot = text.unicode() and " · " or ", "
    local new, parts = 0, {}
    for _, file in ipairs(self.files) do new = new + (file.there and 0 or 1) end
    parts[1] = ("%s   %s"):format(self.id, self.revision == self.commit and self.commit
        or self.revision .. " " .. self.commit:sub(1, 8))
    parts[2] = ("%d files"):format(#self.files)
    parts[3] = files.size(self.bytes)
    parts[4] = "licence " .. (self.licence or "not said")
    parts[5] = new == 0 and "all of it was there" or ("%d pulled (%s)"):format(new,
        files.size(self.received))
    return table.concat(parts, dot) .. "\n" .. self.folder
        .. (self.note and "\n" .. self.note or "")
end

function meta.__display(self)
    local rows = {}
    for i, file in ipairs(self.files) do
        rows[i] = { file.name, files.size(file.bytes),
            file.there and "was there" or file.resumed and "resumed" or "pulled" }
    end
    if #rows == 0 then return tostring(self) end
    return tostring(self) .. "\n" .. box.draw { rows = rows, columns = {
        { name = "file" }, { name = "size", right = true }, { name = "" } } }
end

return pulled
