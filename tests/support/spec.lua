-- SPDX-License-Identifier: Apache-2.0
-- The whole test framework of the Lua specs. A spec file is a script:
--     local t = require "spec"
--     t.test("adds", function() t.eq(1 + 1, 2) end)
--     t.done()
-- A test fails by raising an error; t.skip("why") leaves it and says so aloud. t.done() prints the
-- last line `passed=N failed=N skipped=N` and exits with 1 when something failed. Runs under the
-- moonlet binary, and under any LuaJIT for what is pure Lua: then `moonlet.x` is stdlib/x.lua.
-- It knows nothing of what it tests.

local spec = { passed = 0, failed = 0, skipped = 0 }

local here = debug.getinfo(1, "S").source:match("^@(.*)$") or "tests/support/spec.lua"
spec.root = (here:match("^(.*)tests[/\\]support[/\\]spec%.lua$") or ""):gsub("/$", "")
if spec.root == "" then spec.root = "." end

-- Last resort for `require "moonlet.x"`: the source tree. Whatever the host offers comes first.
local loaders = package.loaders or package.searchers
loaders[#loaders + 1] = function(name)
    local file = name:match("^moonlet%.([%w_]+)$")
    if not file then return nil end
    local path = spec.root .. "/stdlib/" .. file .. ".lua"
    local chunk = loadfile(path)
    return chunk or ("\n\tno file '" .. path .. "'")
end

local SKIP = {}

local function show(value)
    if type(value) == "string" then return string.format("%q", value) end
    if type(value) ~= "table" or getmetatable(value) then return tostring(value) end
    local parts, n = {}, #value
    for i = 1, n do parts[i] = show(value[i]) end
    local keys = {}
    for k in pairs(value) do
        if not (type(k) == "number" and k >= 1 and k <= n and k % 1 == 0) then
            keys[#keys + 1] = k
        end
    end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, k in ipairs(keys) do parts[#parts + 1] = tostring(k) .. "=" .. show(value[k]) end
    return "{" .. table.concat(parts, ", ") .. "}"
end
spec.show = show

local function same(a, b)
    if a == b then return true end
    if type(a) ~= "table" or type(b) ~= "table" then return false end
    for k, v in pairs(a) do
        if not same(v, b[k]) then return false end
    end
    for k in pairs(b) do
        if a[k] == nil then return false end
    end
    return true
end

--- Equal by value, tables deeply.
function spec.eq(got, wanted, what)
    if not same(got, wanted) then
        local before = what and what .. ": " or ""
        error(("%sgot %s, wanted %s"):format(before, show(got), show(wanted)), 2)
    end
end

function spec.ok(value, what)
    if not value then error(what or "expected a true value, got " .. show(value), 2) end
    return value
end

--- |got - wanted| <= tolerance.
function spec.near(got, wanted, tolerance, what)
    if type(got) ~= "number" or not (math.abs(got - wanted) <= tolerance) then
        error(("%sgot %s, wanted %s within %g"):format(what and what .. ": " or "", show(got),
            show(wanted), tolerance), 2)
    end
end

--- `text` contains `pattern` (a Lua pattern; plain = true for a plain string).
function spec.match(text, pattern, plain)
    if type(text) ~= "string" or not text:find(pattern, 1, plain) then
        error("no match for " .. show(pattern) .. " in " .. show(text), 2)
    end
end

--- Calling `fn` raises an error whose text matches `pattern`; returns that text.
function spec.error(fn, pattern)
    local ok, message = pcall(fn)
    if ok then error("expected an error matching " .. show(pattern), 2) end
    message = tostring(message)
    if pattern and not message:find(pattern) then
        error("the error " .. show(message) .. " does not match " .. show(pattern), 2)
    end
    return message
end

function spec.skip(why) error({ [SKIP] = why or "no reason given" }, 0) end

--- The path of a shared data file, or a skip where it is absent.
function spec.data(path)
    local base = os.getenv("MOONLET_TEST_DATA") or (spec.root .. "/../shared/data")
    local full = base .. "/" .. path
    local file = io.open(full, "rb")
    if not file then spec.skip("no " .. full .. " (MOONLET_TEST_DATA)") end
    file:close()
    return full
end

--- The path of a file that is part of the repository.
function spec.path(path) return spec.root .. "/" .. path end

function spec.read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

function spec.test(name, fn)
    local ok, problem = xpcall(fn, function(e)
        if type(e) == "table" and e[SKIP] then return e end
        return debug.traceback(tostring(e), 2)
    end)
    if ok then
        spec.passed = spec.passed + 1
    elseif type(problem) == "table" then
        spec.skipped = spec.skipped + 1
        print("SKIP " .. name .. ": " .. problem[SKIP])
    else
        spec.failed = spec.failed + 1
        print("FAIL " .. name .. "\n    " .. problem:gsub("\n", "\n    "))
    end
end

function spec.done()
    print(("passed=%d failed=%d skipped=%d"):format(spec.passed, spec.failed, spec.skipped))
    io.stdout:flush()
    os.exit(spec.failed > 0 and 1 or 0, true)
end

return spec
