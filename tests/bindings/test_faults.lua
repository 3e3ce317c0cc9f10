-- SPDX-License-Identifier: Apache-2.0
-- Foreign and failing files from Lua: one clear error each, the old file intact, the state alive.
local t = require "spec"

if not models or not models.new then
    t.test("faults", function() t.skip "no engine in this build" end)
    t.done()
    return
end

local folder = os.tmpname()
os.remove(folder)
local model = models.new { family = "llama", vocab_size = 64, hidden_size = 16,
    intermediate_size = 16, num_hidden_layers = 1, num_attention_heads = 1,
    num_key_value_heads = 1, seed = 1 }
model:save(folder)
local weights = folder .. "/model.safetensors"

local function read(path)
    local f = assert(io.open(path, "rb"))
    local bytes = f:read "*a"
    f:close()
    return bytes
end

local function write(path, bytes)
    local f = assert(io.open(path, "wb"))
    f:write(bytes)
    f:close()
end

local good = read(weights)

local function little_endian(n)
    local bytes = {}
    for i = 1, 8 do bytes[i], n = string.char(n % 256), math.floor(n / 256) end
    return table.concat(bytes)
end

local function load_fails(bytes, wanted)
    write(weights, bytes)
    local ok, message = pcall(models.load, folder)
    write(weights, good)
    assert(not ok and message:find(wanted), tostring(message))
    assert(not message:find("\n"), "more than one line: " .. message)
end

t.test("truncated safetensors, in the size, the header and the data", function()
    for _, cut in ipairs { 0, 4, 60, #good - 8 } do load_fails(good:sub(1, cut), "safetensors") end
end)

t.test("overlapping tensors", function()
    local header = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},'
        .. '"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}'
    load_fails(little_endian(#header) .. header .. ("\0"):rep(12), "overlap")
end)

t.test("a header that is not JSON, and one larger than the file", function()
    load_fails(little_endian(5) .. "{\"a\":", "not JSON")
    load_fails(little_endian(2 ^ 40) .. "{}", "safetensors")
end)

t.test("a missing file and an unknown option", function()
    local ok, message = pcall(models.load, folder .. "/nowhere")
    assert(not ok and message:find("nowhere", 1, true), message)
    ok, message = pcall(models.load, folder, { dtyp = "f32" })
    assert(not ok and message:find('did you mean dtype', 1, true), message)
end)

t.test("a full disk while saving: an error, the old files intact, the shell alive", function()
    -- A child whose files may not grow past 8 blocks of 512 bytes stands for the full disk.
    local code = ([[
        local m = models.load %q
        local ok, message = pcall(m.save, m, %q)
        print(ok, message)
        print("alive", 1 + 1)]]):format(folder, folder)
    local script = os.tmpname()
    write(script, code)
    local limited = "sh -c 'trap \"\" XFSZ; ulimit -f 8; exec \"%s\" \"%s\"' 2>&1"
    local child = io.popen(limited:format(arg[-1], script))
    local said = child:read "*a"
    child:close()
    os.remove(script)
    assert(said:find("^false.*cannot write"), said)
    assert(said:find("alive\t2", 1, true), said)
    assert(read(weights) == good, "the old weights changed")
end)

os.execute("rm -r '" .. folder .. "'")
t.done()
