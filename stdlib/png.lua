-- SPDX-License-Identifier: Apache-2.0
-- Pictures as PNG files: writes RGB, reads what cameras, browsers and plotting programs write
-- (grey, RGB, palettes, with and without alpha, 1 to 16 bits; not interlaced). An image is a table
-- {width=, height=, pixels=string of 3 bytes a pixel}. Written without compression but for rows
-- that repeat: small enough for plots, and nothing to link. Alpha is laid over white.

local bit = require "bit"

local band, bor, bxor, lshift, rshift = bit.band, bit.bor, bit.bxor, bit.lshift, bit.rshift
local png = {}

local crcs
local function crc32(s)
    if not crcs then
        crcs = {}
        for n = 0, 255 do
            local c = n
            for _ = 1, 8 do
                c = band(c, 1) == 1 and bxor(0xEDB88320, rshift(c, 1)) or rshift(c, 1)
            end
            crcs[n] = c
        end
    end
    local c = -1
    for i = 1, #s do c = bxor(crcs[band(bxor(c, s:byte(i)), 255)], rshift(c, 8)) end
    return bxor(c, -1)
end

local function adler32(s)
    local a, b = 1, 0
    for i = 1, #s do
        a = (a + s:byte(i)) % 65521
        b = (b + a) % 65521
    end
    return bor(lshift(b, 16), a)
end

local function big(n)
    return string.char(band(rshift(n, 24), 255), band(rshift(n, 16), 255), band(rshift(n, 8), 255),
        band(n, 255))
end

local function chunk(name, data) return big(#data) .. name .. data .. big(crc32(name .. data)) end

-- Deflate with fixed codes: runs of one byte are copied from one or three bytes before, which is
-- most of a plot; everything else stands as it is.
local function deflate(s)
    local out, n, bits, count = {}, 0, 0, 0
    local function put(value, length)
        bits = bits + value * 2 ^ count
        count = count + length
        while count >= 8 do
            n = n + 1
            out[n] = string.char(bits % 256)
            bits = math.floor(bits / 256)
            count = count - 8
        end
    end
    local function reversed(value, length)
        local r = 0
        for _ = 1, length do r, value = r * 2 + value % 2, math.floor(value / 2) end
        return r
    end
    local literals = {}
    for b = 0, 255 do
        if b < 144 then literals[b] = { reversed(48 + b, 8), 8 }
        else literals[b] = { reversed(400 + b - 144, 9), 9 } end
    end
    put(3, 3) -- the last block, fixed codes
    local at, size = 1, #s
    while at <= size do
        local distance, length = nil, 0
        for _, d in ipairs { 1, 3 } do
            if at > d then
                local l = 0
                while l < 258 and at + l <= size and s:byte(at + l) == s:byte(at + l - d) do
                    l = l + 1
                end
                if l > length then distance, length = d, l end
            end
        end
        if length == 258 then
            put(reversed(197, 8), 8)
            put(reversed(distance - 1, 5), 5)
            at = at + 258
        elseif length >= 10 then -- as pieces of ten, code 264
            put(reversed(8, 7), 7)
            put(reversed(distance - 1, 5), 5)
            at = at + 10
        else
            local code = literals[s:byte(at)]
            put(code[1], code[2])
            at = at + 1
        end
    end
    put(0, 7)
    if count > 0 then put(0, 8 - count) end
    return "\x78\x01" .. table.concat(out) .. big(adler32(s))
end

--- The bytes of a PNG file.
function png.encode(image)
    local rows, width = {}, image.width * 3
    for y = 1, image.height do
        rows[y] = "\0" .. image.pixels:sub((y - 1) * width + 1, y * width)
    end
    return "\137PNG\r\n\26\n"
        .. chunk("IHDR", big(image.width) .. big(image.height) .. "\8\2\0\0\0")
        .. chunk("IDAT", deflate(table.concat(rows))) .. chunk("IEND", "")
end

-- ---- reading

local LENGTHS = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
    99, 115, 131, 163, 195, 227, 258 }
local LENGTH_BITS = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5,
    5, 5, 0 }
local DISTANCES = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
    1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577 }
local ORDER = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 }

-- Canonical codes: from {length of each symbol} to {[length * 65536 + code] = symbol}.
local function codes(lengths)
    local counts, next_code, code, symbols = {}, {}, 0, {}
    for _, l in pairs(lengths) do counts[l] = (counts[l] or 0) + 1 end
    counts[0] = 0
    for l = 1, 15 do
        code = (code + (counts[l - 1] or 0)) * 2
        next_code[l] = code
    end
    for symbol = 0, lengths.n - 1 do
        local l = lengths[symbol] or 0
        if l > 0 then
            symbols[l * 65536 + next_code[l]] = symbol
            next_code[l] = next_code[l] + 1
        end
    end
    return symbols
end

local function inflate(s, most)
    local at, bits, count = 3, 0, 0
    local function take(n)
        while count < n do
            local b = s:byte(at)
            if not b then error("the picture's data ends too early", 0) end
            bits, at, count = bits + b * 2 ^ count, at + 1, count + 8
        end
        local value = bits % 2 ^ n
        bits, count = math.floor(bits / 2 ^ n), count - n
        return value
    end
    local function symbol(table_)
        local code = 0
        for l = 1, 15 do
            code = code * 2 + take(1)
            local found = table_[l * 65536 + code]
            if found then return found end
        end
        error("the picture's data is damaged", 0)
    end
    local out, n = {}, 0
    local function add(b)
        n = n + 1
        if n > most then error("the picture's data is longer than its size says", 0) end
        out[n] = b
    end
    repeat
        local last, kind = take(1), take(2)
        if kind == 0 then
            bits, count = 0, 0
            local size = (s:byte(at) or 0) + (s:byte(at + 1) or 0) * 256
            at = at + 4
            if at + size - 1 > #s then error("the picture's data ends too early", 0) end
            for i = at, at + size - 1 do add(s:byte(i)) end
            at = at + size
        elseif kind == 3 then
            error("the picture's data is damaged", 0)
        else
            local literal, distance
            if kind == 1 then
                local lengths = { n = 288 }
                for i = 0, 287 do
                    lengths[i] = i < 144 and 8 or i < 256 and 9 or i < 280 and 7 or 8
                end
                literal = codes(lengths)
                lengths = { n = 30 }
                for i = 0, 29 do lengths[i] = 5 end
                distance = codes(lengths)
            else
                local literals, distances, of_codes = take(5) + 257, take(5) + 1, take(4) + 4
                local lengths = { n = 19 }
                for i = 1, of_codes do lengths[ORDER[i]] = take(3) end
                local by = codes(lengths)
                local all, k = {}, 0
                while k < literals + distances do
                    local c = symbol(by)
                    local value, times = c, 1
                    if c == 16 then value, times = all[k - 1] or 0, 3 + take(2)
                    elseif c == 17 then value, times = 0, 3 + take(3)
                    elseif c == 18 then value, times = 0, 11 + take(7) end
                    for _ = 1, times do all[k], k = value, k + 1 end
                end
                local first, second = { n = literals }, { n = distances }
                for i = 0, literals - 1 do first[i] = all[i] end
                for i = 0, distances - 1 do second[i] = all[literals + i] end
                literal, distance = codes(first), codes(second)
            end
            while true do
                local c = symbol(literal)
                if c == 256 then break end
                if c < 256 then
                    add(c)
                else
                    local length = (LENGTHS[c - 256] or 3) + take(LENGTH_BITS[c - 256] or 0)
                    local d = symbol(distance)
                    local back = DISTANCES[d + 1] + take(d < 2 and 0 or math.floor(d / 2) - 1)
                    if back > n then error("the picture's data is damaged", 0) end
                    for _ = 1, length do add(out[n + 1 - back]) end
                end
            end
        end
    until last == 1
    return out
end

local CHANNELS = { [0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4 }

local function read_big(s, at)
    local a, b, c, d = s:byte(at, at + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
end

--- The image in the bytes of a PNG file; an error that says what is wrong with them.
function png.decode(s)
    if s:sub(1, 8) ~= "\137PNG\r\n\26\n" then error("no PNG file", 0) end
    local at, data, header, palette = 9, {}, nil, nil
    while at + 11 <= #s do
        local size, name = read_big(s, at), s:sub(at + 4, at + 7)
        local body = s:sub(at + 8, at + 7 + size)
        if #body < size then error("the file ends too early", 0) end
        if name == "IHDR" then header = body
        elseif name == "PLTE" then palette = body
        elseif name == "IDAT" then data[#data + 1] = body
        elseif name == "IEND" then break end
        at = at + size + 12
    end
    if not header or #data == 0 then error("the file holds no picture", 0) end
    local width, height = read_big(header, 1), read_big(header, 5)
    local depth, kind, interlaced = header:byte(9), header:byte(10), header:byte(13)
    local channels = CHANNELS[kind]
    if not channels or width < 1 or height < 1 or (kind == 3 and not palette) then
        error("the picture's header is damaged", 0)
    end
    if interlaced ~= 0 then error("interlaced pictures are not read; save it without", 0) end
    if width * height > 4e7 then
        error(("%d × %d pixels are too many; at most 40 million"):format(width, height), 0)
    end
    local line = math.ceil(width * channels * depth / 8)
    local step = math.max(1, channels * depth / 8)
    local bytes = inflate(table.concat(data), (line + 1) * height)
    if #bytes < (line + 1) * height then error("the picture's data ends too early", 0) end
    for y = 0, height - 1 do
        local start = y * (line + 1) + 1
        local filter = bytes[start]
        for x = 1, filter ~= 0 and line or 0 do
            local left = x > step and bytes[start + x - step] or 0
            local up = y > 0 and bytes[start + x - line - 1] or 0
            local guess
            if filter == 1 then guess = left
            elseif filter == 2 then guess = up
            elseif filter == 3 then guess = math.floor((left + up) / 2)
            else
                local corner = y > 0 and x > step and bytes[start + x - step - line - 1] or 0
                local p = left + up - corner
                local a, b, c = math.abs(p - left), math.abs(p - up), math.abs(p - corner)
                guess = a <= b and a <= c and left or b <= c and up or corner
            end
            bytes[start + x] = (bytes[start + x] + guess) % 256
        end
    end
    local function sample(y, index) -- 0 to 255, of palettes the index
        local start = y * (line + 1) + 2
        if depth == 8 then return bytes[start + index] end
        if depth == 16 then return bytes[start + 2 * index] end
        local per = 8 / depth
        local b = bytes[start + math.floor(index / per)]
        local value = band(rshift(b, 8 - depth * (index % per + 1)), 2 ^ depth - 1)
        return kind == 3 and value or math.floor(value * 255 / (2 ^ depth - 1))
    end
    local rows, char = {}, string.char
    for y = 0, height - 1 do
        local row = {}
        for x = 0, width - 1 do
            local r, g, b, alpha
            local i = x * channels
            if kind == 3 then
                r, g, b = palette:byte(sample(y, x) * 3 + 1, sample(y, x) * 3 + 3)
            elseif channels <= 2 then
                r = sample(y, i)
                g, b, alpha = r, r, channels == 2 and sample(y, i + 1) or 255
            else
                r, g, b = sample(y, i), sample(y, i + 1), sample(y, i + 2)
                alpha = channels == 4 and sample(y, i + 3) or 255
            end
            if alpha and alpha < 255 then
                local white = 255 - alpha
                r, g, b = r * alpha / 255 + white, g * alpha / 255 + white, b * alpha / 255 + white
            end
            row[x + 1] = char(math.floor(r or 0), math.floor(g or 0), math.floor(b or 0))
        end
        rows[y + 1] = table.concat(row)
    end
    return { width = width, height = height, pixels = table.concat(rows) }
end

return png
