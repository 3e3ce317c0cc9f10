-- SPDX-License-Identifier: Apache-2.0
-- models.list: what there is to load, read from config.json and the headers of weights only, so
-- that no model is opened and LibTorch stays where it is. A model that cannot be read is a row that
-- says why.

local box = require "moonlet.box"
local class = require "moonlet.class"
local files = require "moonlet.hub_files"
local options = require "moonlet.options"
local units = require "moonlet.units"

---@class ModelList
---@field folders string[] where was looked
local meta, List = class("ModelList")
-- Rows by number, methods by name.

local model_list = {}

model_list.OPTIONS = options.rows { "cache string" }

local function native(name) return require("moonlet_base").functions[name] end

-- 1234567 -> "1.2 M"; nothing where it is not known.
local function count(n) return n and n > 0 and units.count(n) or "" end

-- One row from what stands at `path`; nil where that is no model.
local function row(name, path, where)
    local found = native "_models.summary"(path)
    if not found then return nil end
    found.name, found.path, found.where = name, path, where
    return found
end

local function short(path)
    local home = os.getenv "HOME"
    if home and home ~= "" and path:sub(1, #home + 1) == home .. "/" then
        return "~" .. path:sub(#home + 1)
    end
    return path
end

local function add_folder(rows, folder, name_of, where)
    for _, entry in ipairs(native "_models.entries"(folder)) do
        rows[#rows + 1] = row(name_of(entry), folder .. "/" .. entry, where or short(folder))
    end
end

-- A snapshot is loaded by the repository's name, where it is the one of main, else with its
-- revision; a .gguf in it by its own.
local function add_cache(rows, cache)
    for _, each in ipairs(native "_hub.snapshots"(cache)) do
        local name, suffix = each.id, "@" .. (each.revisions[1] or each.commit)
        for _, revision in ipairs(each.revisions) do
            if revision == "main" then suffix = "" end
        end
        name = name .. suffix
        local folder = native "_hub.snapshot"(cache, each.id, each.commit)
        local whole = row(name, folder, "hub cache")
        rows[#rows + 1] = whole
        for _, file in ipairs(native "_hub.files"(cache, each.id, each.commit)) do
            if not whole and file.name:lower():match "%.gguf$" then
                rows[#rows + 1] = row(name .. ":" .. file.name, folder .. "/" .. file.name,
                    "hub cache")
            end
        end
    end
end

--- models.list: see models.lua.
function model_list.new(folders, opts)
    local cache = (opts or {}).cache or native "_hub.settings"().cache
    local self = { folders = {} }
    local home = native "_models.home"()
    for _, place in ipairs { home .. "/examples/models", home .. "/.deps" } do
        add_folder(self, place, function(entry) return entry end)
    end
    add_cache(self, cache)
    self.folders = { home .. "/examples/models", home .. "/.deps", cache }
    for _, folder in ipairs(type(folders) == "string" and { folders } or folders or {}) do
        self.folders[#self.folders + 1] = folder
        folder = folder:gsub("(.)/+$", "%1")
        local own = row(folder, folder, short(folder))
        if own then self[#self + 1] = own
        else add_folder(self, folder, function(entry) return folder .. "/" .. entry end) end
    end
    return setmetatable(self, meta)
end

--- A plain list of rows {name=, family=, parameters=, bytes=, dtype=, path=, where=}.
---@return table[]
function List:table()
    local rows = {}
    for i, each in ipairs(self) do
        rows[i] = {}
        for k, v in pairs(each) do rows[i][k] = v end
    end
    return rows
end

function meta.__tostring(self)
    if #self == 0 then return "no models in " .. table.concat(self.folders, ", ") end
    local rows = {}
    for i, each in ipairs(self) do
        rows[i] = { each.name, each.family or "", count(each.parameters), each.dtype or "",
            files.size(each.bytes),
            each.problem and "cannot be loaded: " .. each.problem or each.where }
    end
    return box.draw { rows = rows, columns = {
        { name = "name" }, { name = "family" }, { name = "params", right = true },
        { name = "dtype" }, { name = "size", right = true }, { name = "where" } },
        foot = { ("%d models; models.load \"name\" opens one"):format(#rows) } }
end

return model_list
