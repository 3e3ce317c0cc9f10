-- SPDX-License-Identifier: Apache-2.0
-- Pictures in the terminal: by kitty's protocol, as sixels, or as half blocks of colour, whatever
-- the terminal says it can at the first picture (asked once, 100 ms at most), or what
-- MOONLET_IMAGES=kitty|sixel|blocks|none says. Takes a PNG file, an image
-- {width=, height=, pixels=}, rows of numbers (a heat picture), a Tensor, or anything with an
-- :image() of its own.

local png = require "moonlet.png"
local session = require "moonlet.session"

local images = {}

local known -- the protocol, once asked

local function in_tmux() return (os.getenv("TMUX") or "") ~= "" end

-- tmux hands on what it does not know when it is wrapped up.
local function through(sequence)
    if not in_tmux() then return sequence end
    return "\27Ptmux;" .. sequence:gsub("\27", "\27\27") .. "\27\\"
end

--- "kitty", "sixel", "blocks" or "none": how pictures are shown here.
function images.protocol()
    local wanted = os.getenv("MOONLET_IMAGES") or ""
    if wanted == "kitty" or wanted == "sixel" or wanted == "blocks" or wanted == "none" then
        return wanted
    end
    if not session.terminal then return "none" end
    if known then return known end
    local term = os.getenv("TERM") or ""
    if term == "" or term == "dumb" or (os.getenv("NO_COLOR") or "") ~= "" then
        known = "none"
        return known
    end
    known = "blocks"
    if session.ask_terminal then
        local reply = session.ask_terminal(
            through "\27_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\27\\" .. "\27[c", 100)
        local features = ";" .. (reply:match("\27%[%?([%d;]*)c") or "") .. ";"
        if reply:find("\27_Gi=31;OK", 1, true) then known = "kitty"
        elseif features:sub(4):find(";4;", 1, true) or features:match("^;%d+;4;") then
            known = "sixel"
        end
    end
    return known
end

local BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(s)
    local out = {}
    for i = 1, #s, 3 do
        local a, b, c = s:byte(i, i + 2)
        local n = a * 65536 + (b or 0) * 256 + (c or 0)
        for k = 3, 0, -1 do
            local d = math.floor(n / 64 ^ k) % 64
            local gone = (k == 1 and not b) or (k == 0 and not c)
            out[#out + 1] = gone and "=" or BASE64:sub(d + 1, d + 1)
        end
    end
    return table.concat(out)
end

-- `image` at another size: each new pixel is the mean of those it covers.
local function resized(image, width, height)
    if width == image.width and height == image.height then return image end
    local rows, pixels = {}, image.pixels
    for y = 0, height - 1 do
        local y0 = math.floor(y * image.height / height)
        local y1 = math.max(y0, math.ceil((y + 1) * image.height / height) - 1)
        local row = {}
        for x = 0, width - 1 do
            local x0 = math.floor(x * image.width / width)
            local x1 = math.max(x0, math.ceil((x + 1) * image.width / width) - 1)
            local r, g, b, n = 0, 0, 0, 0
            for v = y0, y1 do
                for u = x0, x1 do
                    local p, q, s = pixels:byte((v * image.width + u) * 3 + 1,
                        (v * image.width + u) * 3 + 3)
                    r, g, b, n = r + p, g + q, b + s, n + 1
                end
            end
            row[x + 1] = string.char(math.floor(r / n), math.floor(g / n), math.floor(b / n))
        end
        rows[y + 1] = table.concat(row)
    end
    return { width = width, height = height, pixels = table.concat(rows) }
end

-- Dark blue over green to yellow, readable without colours too.
local MAP = { { 68, 1, 84 }, { 59, 82, 139 }, { 33, 145, 140 }, { 94, 201, 98 }, { 253, 231, 37 } }

--- Red, green and blue of a value between 0 and 1.
function images.color(part)
    local at = math.max(0, math.min(1, part)) * (#MAP - 1)
    local i = math.min(math.floor(at), #MAP - 2)
    local a, b, rest = MAP[i + 1], MAP[i + 2], at - i
    return math.floor(a[1] + (b[1] - a[1]) * rest + 0.5),
        math.floor(a[2] + (b[2] - a[2]) * rest + 0.5),
        math.floor(a[3] + (b[3] - a[3]) * rest + 0.5)
end

-- Rows of numbers, the least dark, the greatest bright; what is no number is grey.
local function of_rows(rows)
    local low, high
    for _, row in ipairs(rows) do
        for _, v in ipairs(row) do
            if v == v and math.abs(v) < math.huge then
                low, high = math.min(low or v, v), math.max(high or v, v)
            end
        end
    end
    local width = #rows[1]
    local parts = {}
    for y, row in ipairs(rows) do
        if #row ~= width then
            error(("row %d has %d numbers, the first has %d"):format(y, #row, width), 0)
        end
        for x, v in ipairs(row) do
            if low and v == v and math.abs(v) < math.huge then
                parts[#parts + 1] = string.char(images.color(high > low and (v - low) / (high - low)
                    or 0.5))
            else
                parts[#parts + 1] = string.char(128, 128, 128)
            end
            _ = x
        end
    end
    return { width = width, height = #rows, pixels = table.concat(parts) }
end

--- The image behind a file's name, rows of numbers, a Tensor or a plot.
function images.from(x)
    if type(x) == "string" then
        local file, e = io.open(x, "rb")
        if not file then error("cannot read the picture " .. tostring(e), 0) end
        local bytes = file:read("*a")
        file:close()
        local ok, image = pcall(png.decode, bytes or "")
        if not ok then error(("%s: %s; wanted a PNG"):format(x, tostring(image)), 0) end
        return image
    end
    local ok, method = pcall(function() return x.image end)
    if ok and type(method) == "function" then return method(x) end
    if type(x) == "userdata" then
        local is, rows = pcall(function() return x:table() end)
        if is then x = rows end
    end
    if type(x) == "table" and x.width and x.height and x.pixels then
        if #x.pixels ~= x.width * x.height * 3 then
            error(("an image of %d × %d has %d bytes of pixels; wanted 3 a pixel, %d"):format(
                x.width, x.height, #x.pixels, x.width * x.height * 3), 0)
        end
        return x
    end
    if type(x) == "table" and type(x[1]) == "number" then x = { x } end
    if type(x) == "table" and type(x[1]) == "table" and type(x[1][1]) == "number" then
        return of_rows(x)
    end
    error("a picture is the name of a PNG file, an image {width=, height=, pixels=}, rows of "
        .. "numbers, a Tensor of two dimensions or a plot; given a " .. type(x), 0)
end

local function kitty(image, columns)
    local data, out = base64(png.encode(image)), {}
    for at = 1, #data, 4096 do
        local more = at + 4096 <= #data and 1 or 0
        local keys = at == 1 and ("a=T,f=100,q=2,c=%d,m=%d"):format(columns, more)
            or ("m=%d"):format(more)
        out[#out + 1] = through("\27_G" .. keys .. ";" .. data:sub(at, at + 4095) .. "\27\\")
    end
    return table.concat(out) .. "\n"
end

local function sixel(image)
    local out = { ("\27Pq\"1;1;%d;%d"):format(image.width, image.height) }
    local levels = 6 -- of each channel
    for i = 0, levels ^ 3 - 1 do
        out[#out + 1] = ("#%d;2;%d;%d;%d"):format(i, math.floor(i / 36) * 20,
            math.floor(i / 6) % 6 * 20, i % 6 * 20)
    end
    local bayer = { 0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5 }
    for top = 0, image.height - 1, 6 do
        local of_color, order = {}, {}
        for y = top, math.min(top + 5, image.height - 1) do
            for x = 0, image.width - 1 do
                local at = (y * image.width + x) * 3
                local shift = (bayer[y % 4 * 4 + x % 4 + 1] / 16 - 0.47) * 51
                local index = 0
                for c = 1, 3 do
                    local v = (image.pixels:byte(at + c) + shift) / 51
                    index = index * 6 + math.max(0, math.min(5, math.floor(v + 0.5)))
                end
                local row = of_color[index]
                if not row then
                    row = {}
                    of_color[index], order[#order + 1] = row, index
                end
                row[x] = (row[x] or 0) + 2 ^ (y - top)
            end
        end
        table.sort(order)
        for _, index in ipairs(order) do
            local row, parts, x = of_color[index], {}, 0
            while x < image.width do
                local value, first = row[x] or 0, x
                while x < image.width and (row[x] or 0) == value do x = x + 1 end
                local char, times = string.char(63 + value), x - first
                parts[#parts + 1] = times > 3 and ("!%d%s"):format(times, char) or char:rep(times)
            end
            out[#out + 1] = "#" .. index .. table.concat(parts) .. "$"
        end
        out[#out + 1] = "-"
    end
    return table.concat(out) .. "\27\\\n"
end

local function blocks(image)
    local lines = {}
    local exact = (os.getenv("COLORTERM") or "") ~= ""
    local function color(layer, r, g, b)
        if exact then return ("%d;2;%d;%d;%d"):format(layer, r, g, b) end
        local function level(v) return math.floor(v / 51 + 0.5) end
        return ("%d;5;%d"):format(layer, 16 + 36 * level(r) + 6 * level(g) + level(b))
    end
    for y = 0, image.height - 1, 2 do
        local row = {}
        for x = 0, image.width - 1 do
            local at = (y * image.width + x) * 3
            local r, g, b = image.pixels:byte(at + 1, at + 3)
            local below = at + image.width * 3
            local p, q, s = image.pixels:byte(below + 1, below + 3)
            row[#row + 1] = "\27[" .. color(38, r, g, b) .. (p and ";" .. color(48, p, q, s) or "")
                .. "m▀"
            if not p then row[#row] = "\27[0m" .. row[#row] end
        end
        lines[#lines + 1] = table.concat(row) .. "\27[0m"
    end
    return table.concat(lines, "\n") .. "\n"
end

--- The bytes that show `x` on this terminal. opts: columns (default: as wide as it is, at most the
--- terminal), protocol.
function images.render(x, opts)
    opts = opts or {}
    local image = images.from(x)
    local protocol = opts.protocol or images.protocol()
    local note = ("[picture, %d × %d pixels]\n"):format(image.width, image.height)
    if protocol == "none" then return note end
    local room = math.max(4, math.min(opts.columns or 80, (session.width or 80) - 1))
    local cell_width, cell_height = 8, 16
    if session.cell_size then
        local w, h = session.cell_size()
        cell_width, cell_height = w or cell_width, h or cell_height
    end
    if protocol == "blocks" then
        local width = opts.columns and room or math.min(room, math.max(image.width, 16))
        local height = math.max(2, math.floor(image.height * width / image.width + 0.5))
        return blocks(resized(image, width, height + height % 2))
    end
    local columns = opts.columns and room
        or math.min(room, math.max(8, math.ceil(image.width / cell_width)))
    if protocol == "kitty" then return kitty(image, columns) end
    local width = math.floor(columns * cell_width)
    return sixel(resized(image, width, math.max(6, math.floor(image.height * width / image.width))))
end

--- Shows `x` in the terminal.
function images.show(x, opts)
    local ok, bytes = pcall(images.render, x, opts)
    if not ok then error("images.show: " .. tostring(bytes), 2) end
    io.stdout:write(bytes)
    io.stdout:flush()
end

return images
