-- SPDX-License-Identifier: Apache-2.0
-- Where copying starts from. A small model finds the way to copy ("what followed this token when it
-- stood here before?") only after very many tokens, because two attention heads must be right at
-- once: one that writes the code of the previous token beside each token, and one in a later layer
-- that looks for the current token's code there and reads the token (an induction head, Olsson et al.
-- 2022). This puts both roughly in place in a saved llama model; training does the rest:
--   layer 0, head 2 looks one position back and head 3 at itself; both write a code of 32 numbers,
--       the strongest whitened components of the embeddings, into directions embeddings use least;
--   layer 1, head 2 compares the two codes at the slowly turning positions of RoPE, and passes the
--       64 strongest components of the embedding on.
-- The heads replaced are the second group of keys and values. Shapes: the demo model's (head size 64).
--     dofile "induction.lua".prepare(folder)       -- rewrites folder/model.safetensors (bf16)

local ffi = require "ffi"

local HEAD, CODE = 64, 32
local LOOK, MATCH, CODE_SIZE = 100, 16, 10 -- logits at the peak of either head; size of the code

-- ---- bf16 safetensors: the file's numbers as doubles, and back

local word = ffi.new "union { uint32_t bits; float value; }"

local function read(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "*a"
    file:close()
    local length = ffi.cast("const uint64_t*", bytes)[0]
    local header, begin = json.decode(bytes:sub(9, 8 + tonumber(length))), 8 + tonumber(length)
    local weights = { head = bytes:sub(1, begin), at = {}, numbers = {}, size = #bytes - begin }
    for name, entry in pairs(header) do
        if name ~= "__metadata__" then
            assert(entry.dtype == "BF16", "induction: " .. name .. " is no bf16")
            local from, to = entry.data_offsets[1], entry.data_offsets[2]
            local count = (to - from) / 2
            local source = ffi.cast("const uint16_t*", ffi.cast("const char*", bytes) + begin + from)
            local numbers = ffi.new("double[?]", count)
            for i = 0, count - 1 do
                word.bits = source[i] * 65536
                numbers[i] = word.value
            end
            weights.at[name], weights.numbers[name] = { from, count }, numbers
        end
    end
    return weights
end

local function write(path, weights)
    local data = ffi.new("uint16_t[?]", weights.size / 2)
    for name, place in pairs(weights.at) do
        for i = 0, place[2] - 1 do
            word.value = weights.numbers[name][i]
            local bits = tonumber(word.bits) -- to the nearest, ties to even
            local upper, rest = math.floor(bits / 65536), bits % 65536
            if rest > 32768 or (rest == 32768 and upper % 2 == 1) then upper = upper + 1 end
            data[place[1] / 2 + i] = upper
        end
    end
    local file = assert(io.open(path, "wb"))
    file:write(weights.head, ffi.string(data, weights.size))
    file:close()
end

-- ---- Linear algebra on n x n arrays, row by row

-- Moments of rows: mean[d] and the mean of x x^T less that of the mean.
local function moments(x, rows, d)
    local mean, cov = ffi.new("double[?]", d), ffi.new("double[?]", d * d)
    for r = 0, rows - 1 do
        for i = 0, d - 1 do
            local a = x[r * d + i]
            mean[i] = mean[i] + a / rows
            for j = 0, d - 1 do cov[i * d + j] = cov[i * d + j] + a * x[r * d + j] / rows end
        end
    end
    for i = 0, d - 1 do
        for j = 0, d - 1 do cov[i * d + j] = cov[i * d + j] - mean[i] * mean[j] end
    end
    return mean, cov
end

-- Eigenvalues and vectors of a symmetric matrix, the largest first: cyclic Jacobi rotations.
local function eigen(a, d)
    local v = ffi.new("double[?]", d * d)
    for i = 0, d - 1 do v[i * d + i] = 1 end
    for _ = 1, 12 do
        for p = 0, d - 2 do
            for q = p + 1, d - 1 do
                local apq = a[p * d + q]
                if math.abs(apq) > 1e-14 then
                    local t = (a[q * d + q] - a[p * d + p]) / (2 * apq)
                    t = (t >= 0 and 1 or -1) / (math.abs(t) + math.sqrt(t * t + 1))
                    local c = 1 / math.sqrt(t * t + 1)
                    local s = t * c
                    for k = 0, d - 1 do
                        local x, y = a[k * d + p], a[k * d + q]
                        a[k * d + p], a[k * d + q] = c * x - s * y, s * x + c * y
                    end
                    for k = 0, d - 1 do
                        local x, y = a[p * d + k], a[q * d + k]
                        a[p * d + k], a[q * d + k] = c * x - s * y, s * x + c * y
                        x, y = v[k * d + p], v[k * d + q]
                        v[k * d + p], v[k * d + q] = c * x - s * y, s * x + c * y
                    end
                end
            end
        end
    end
    local order = {}
    for i = 0, d - 1 do order[i + 1] = i end
    table.sort(order, function(i, j) return a[i * d + i] > a[j * d + j] end)
    return function(rank) return a[order[rank] * d + order[rank]] end, -- 1 is the largest
        function(rank, i) return v[i * d + order[rank]] end
end

-- ---- The heads

local function prepare(folder)
    local path = folder .. "/model.safetensors"
    local weights = read(path)
    local function of(name) return weights.numbers[name] end
    local embed = of "model.embed_tokens.weight"
    local g0, g1 = of "model.layers.0.input_layernorm.weight",
        of "model.layers.1.input_layernorm.weight"
    local d = weights.at["model.layers.0.input_layernorm.weight"][2]
    local rows = weights.at["model.embed_tokens.weight"][2] / d
    assert(d == 4 * HEAD, "induction: made for four heads of " .. HEAD)

    -- What layer 0 reads, and how embeddings spread.
    local x, square = ffi.new("double[?]", rows * d), 0
    for r = 0, rows - 1 do
        local sum = 0
        for i = 0, d - 1 do sum = sum + embed[r * d + i] ^ 2 end
        square = square + sum / (rows * d)
        for i = 0, d - 1 do
            x[r * d + i] = embed[r * d + i] / math.sqrt(sum / d + 1e-5) * g0[i]
        end
    end
    local mean, cov = moments(x, rows, d)
    local value, vector = eigen(cov, d)
    local _, spread = moments(embed, rows, d)
    local _, direction = eigen(spread, d)

    -- u . x is about 1 for every token (least squares): a constant that queries and keys may use.
    -- (cov + mean mean^T) u = mean, by Sherman and Morrison from the eigenvectors.
    local u, along, through = ffi.new("double[?]", d), 0, {}
    for k = 1, d do
        local dot = 0
        for i = 0, d - 1 do dot = dot + vector(k, i) * mean[i] end
        through[k] = dot / (value(k) + 1e-3)
        along = along + dot * through[k]
    end
    for i = 0, d - 1 do
        for k = 1, d do u[i] = u[i] + vector(k, i) * through[k] / along end
    end

    local function layer(n, name) return of(("model.layers.%d.self_attn.%s_proj.weight"):format(n,
        name)) end
    local function clear(matrix, first, count)
        for i = first * d, (first + count) * d - 1 do matrix[i] = 0 end
    end
    local q0, k0, v0, o0 = layer(0, "q"), layer(0, "k"), layer(0, "v"), layer(0, "o")
    clear(q0, 2 * HEAD, 2 * HEAD)
    clear(k0, HEAD, HEAD)
    clear(v0, HEAD, HEAD)
    local turning, size = 12, math.sqrt(LOOK * 8 / 12) -- the fastest pairs of RoPE tell neighbours
    for f = 0, turning - 1 do
        local angle = -1e4 ^ (-2 * f / HEAD)
        for i = 0, d - 1 do
            k0[(HEAD + f) * d + i] = size * u[i]
            q0[(2 * HEAD + f) * d + i] = size * math.cos(angle) * u[i]
            q0[(2 * HEAD + f + HEAD / 2) * d + i] = size * math.sin(angle) * u[i]
            q0[(3 * HEAD + f) * d + i] = size * u[i]
        end
    end
    local amount = CODE_SIZE * math.sqrt(square)
    for c = 0, CODE - 1 do
        local scale, middle = 1 / math.sqrt(value(CODE - c)), 0
        for i = 0, d - 1 do middle = middle + scale * vector(CODE - c, i) * mean[i] end
        for i = 0, d - 1 do
            v0[(HEAD + c) * d + i] = scale * vector(CODE - c, i) - middle * u[i]
        end
    end
    local q1, k1, v1, o1 = layer(1, "q"), layer(1, "k"), layer(1, "v"), layer(1, "o")
    clear(q1, 2 * HEAD, 2 * HEAD)
    clear(k1, HEAD, HEAD)
    local strength = math.sqrt(MATCH * 8 / CODE) / amount
    for i = 0, d - 1 do
        for c = 0, 2 * HEAD - 1 do o0[i * d + 2 * HEAD + c] = 0 end
        for c = 0, CODE - 1 do
            local before, own = direction(d - c, i), direction(d - CODE - c, i)
            o0[i * d + 2 * HEAD + c], o0[i * d + 3 * HEAD + c] = before * amount, own * amount
            -- the slower half of RoPE's pairs: (16 … 31) and their partners
            local at = c < 16 and 16 + c or 32 + c
            k1[(HEAD + at) * d + i] = before / g1[i] * strength
            q1[(2 * HEAD + at) * d + i] = own / g1[i] * strength
            q1[(3 * HEAD + at) * d + i] = own / g1[i] * strength
        end
        for c = 0, HEAD - 1 do
            v1[(HEAD + c) * d + i] = direction(HEAD - c, i) / g1[i]
            o1[i * d + 2 * HEAD + c], o1[i * d + 3 * HEAD + c] = direction(HEAD - c, i), 0
        end
    end
    write(path, weights)
end

return { prepare = prepare }
