-- SPDX-License-Identifier: Apache-2.0
-- Reads the tree line by line and complains; run by scripts/lint and as the ctest `layers`, from
-- the root of the repository, by a bare LuaJIT. Who may include whom stands in scripts/layers.lua,
-- the other rules here. Knows text only: no compiler, no git. Exits 1 when there was a complaint.
local layers = dofile("scripts/layers.lua")
local rooms, libraries, requires = layers.rooms, layers.libraries, layers.requires

local max_lines, max_columns, max_readme = 800, 100, 40

-- All that stands at the top, beside build*.
local top = {
    "CMakeLists.txt", "README.md", "LICENSE", ".ci", ".clang-format", ".gitignore", "shell",
    "bindings", "engine", "stdlib", "examples", "tests", "scripts", ".git", ".deps",
}

-- Hosts of packages: the system's configuration names them, we never do (so spelled apart here).
local hosts = { "pypi%." .. "org", "files%.python" .. "hosted", "[%w]+%.debian" .. "%.org" }

-- Which files are looked at, by extension; golden numbers and cases, models and data are no source.
local kinds = {
    cpp = "c++", h = "c++", cu = "c++", cuh = "c++", lua = "lua", py = "script", sh = "script",
    cmake = "script",
}
local all_files = "find engine bindings shell stdlib examples tests scripts .ci CMakeLists.txt"
    .. " -type f -not -path 'tests/golden/*' -not -path 'scripts/golden/*_cases.py'"
    .. " -not -path 'tests/fuzz/seeds/*'"
    .. " -not -path 'examples/data/*' -not -path 'examples/models/*'"
    .. " -not -path '*/__pycache__/*' 2>/dev/null | LC_ALL=C sort"

local failures = 0
local function complain(file, line, what, ...)
    failures = failures + 1
    print(("%s:%d: " .. what):format(file, line, ...))
end

local function lines_of(command)
    local pipe, result = assert(io.popen(command)), {}
    for line in pipe:lines() do result[#result + 1] = line end
    pipe:close()
    return result
end

local function set(list)
    local result = {}
    for _, v in ipairs(list) do result[v] = true end
    return result
end

local function matches(text, patterns)
    for _, pattern in ipairs(patterns) do
        if text:find(pattern) then return true end
    end
    return false
end

local function room_of(path)
    local folder = path:match("^(.*)/[^/]*$")
    while folder and not rooms[folder] do folder = folder:match("^(.*)/[^/]*$") end
    return folder
end

-- The library a <header> belongs to; "std" covers the operating system's headers too.
local function library_of(header)
    for name, patterns in pairs(libraries) do
        if matches(header, patterns) then return name end
    end
    local plain = not header:find(".", 1, true) or header:find("^[%w_/]+%.h$")
    return plain and "std" or "unknown"
end

-- Whether a room may include one of our headers, which is written from engine/ or from the root.
local function may_include(room, header)
    local first = header:match("^([^/]+)/")
    local home = room:gsub("^engine/", "")
    if header:sub(1, #home + 1) == home .. "/" then return true end
    local allowed = false
    for _, entry in ipairs(rooms[room].ours) do
        if entry == "!" .. first then return false end
        allowed = allowed or entry == first or entry == header
            or (entry == "engine" and rooms["engine/" .. first] ~= nil)
    end
    return allowed
end

local function check_include(file, number, line)
    local room = room_of(file)
    if not room then return end
    local ours = line:match('^%s*#%s*include%s*"([^"]+)"')
    local theirs = line:match("^%s*#%s*include%s*<([^>]+)>")
    if ours and not ours:find("/", 1, true) then
        if room ~= "tests" then
            complain(file, number, '"%s" does not name its room: "core/error.h"', ours)
        end
    elseif ours and not may_include(room, ours) then
        complain(file, number, "%s may not include %s; of ours it may: %s", room, ours,
            table.concat(rooms[room].ours, ", "))
    elseif theirs then
        local library, allowed = library_of(theirs), rooms[room].theirs
        if library == "unknown" then
            complain(file, number, "<%s> is of no library in scripts/layers.lua", theirs)
        elseif library ~= "std" and allowed ~= "all" and not set(allowed)[library] then
            complain(file, number, "%s may not include <%s> (%s)", room, theirs, library)
        elseif library == "torch" and file:find("%.cu$") then
            complain(file, number, "a .cu file includes no LibTorch header: 24 s to compile")
        end
    end
end

local function check_require(file, number, line)
    local wanted = line:match("require%s*%(?%s*[\"']([^\"']+)[\"']")
    if not wanted or line:find("^%s*%-%-") then return end
    local folder = file:match("^([^/]+)/")
    if requires[folder] and not matches(wanted, requires[folder]) then
        complain(file, number, "%s may not require %q", folder, wanted)
    end
end

-- Characters, not bytes; wide ones count once.
local function columns(line)
    local _, count = line:gsub("[^\128-\191]", "")
    return count
end

local function check_source(file, kind)
    local number, licensed = 0, false
    for line in io.lines(file) do
        number = number + 1
        if number <= 2 and line:find("SPDX-License-Identifier: Apache-2.0", 1, true) then
            licensed = true
        end
        local width = columns(line)
        if width > max_columns and not line:find("https?://") then
            complain(file, number, "%d columns; at most %d", width, max_columns)
        end
        if kind == "c++" then
            check_include(file, number, line)
            local code = line:gsub("//.*", "")
            if code:find("catch%s*%(%s*%.%.%.%s*%)") and not file:find("^tests/") then
                complain(file, number, "catch (...) swallows Lua's unwinding and the interrupt")
            end
        elseif kind == "lua" then
            check_require(file, number, line)
        end
        if matches(line, hosts) then
            complain(file, number, "names a package host; the system's configuration does that")
        end
    end
    if number > max_lines then
        complain(file, number, "%d lines; at most %d", number, max_lines)
    end
    if not licensed then complain(file, 1, "lacks SPDX-License-Identifier: Apache-2.0") end
end

local function check_readme(file)
    local count = 0
    for _ in io.lines(file) do count = count + 1 end
    if count > max_readme then
        complain(file, count, "a folder's README has at most %d lines", max_readme)
    end
end

local allowed_top = set(top)
for _, name in ipairs(lines_of("ls -A")) do
    if not allowed_top[name] and not name:find("^build") then
        complain(name, 0, "does not belong at the top")
    end
end

local files = lines_of(all_files)
for _, file in ipairs(files) do
    local name, extension = file:match("([^/]+)$"), file:match("%.(%w+)$") or ""
    if name == "README.md" then
        check_readme(file)
    elseif name == "CMakeLists.txt" or kinds[extension] or not name:find(".", 1, true) then
        check_source(file, kinds[extension] or "script")
    end
end

print(("lint: %d files, %d complaints"):format(#files, failures))
local bad = failures > 0 and 1 or 0
print(("passed=%d failed=%d skipped=0"):format(1 - bad, bad))
os.exit(failures == 0)
