-- SPDX-License-Identifier: Apache-2.0
-- Intervals for numbers that were measured on a sample: Wilson's for proportions, the percentile
-- bootstrap for everything else, and the paired bootstrap for a difference. Seeded by an own
-- generator, so that math.random is left alone. It knows no models.

local bit = require "bit"

local statistics = {}

--- random = statistics.random(seed); random(n) -> integer 1 to n. xoshiro128** (Blackman & Vigna
--- 2018), its state spread from the seed by a 32-bit mixing function (murmur3's finaliser).
function statistics.random(seed)
    local bxor, rol, lshift, rshift, tobit = bit.bxor, bit.rol, bit.lshift, bit.rshift, bit.tobit
    local function times(a, b) -- modulo 2^32, by halves: doubles hold 53 bits
        local low, high = a % 65536, math.floor(a / 65536) % 65536
        return tobit(low * b + (high * b % 65536) * 65536)
    end
    local counter = seed % 2 ^ 32 + math.floor(seed / 2 ^ 32) * 2654435769 % 2 ^ 32
    local function mixed()
        counter = (counter + 0x9E3779B9) % 2 ^ 32
        local z = tobit(counter)
        z = times(bxor(z, rshift(z, 16)) % 2 ^ 32, 0x85EBCA6B)
        z = times(bxor(z, rshift(z, 13)) % 2 ^ 32, 0xC2B2AE35)
        return bxor(z, rshift(z, 16))
    end
    local a, b, c, d = mixed(), mixed(), mixed(), mixed()
    return function(n)
        local result = tobit(rol(tobit(b * 5), 7) * 9)
        local t = lshift(b, 9)
        c, d = bxor(c, a), bxor(d, b)
        b, a = bxor(b, c), bxor(a, d)
        c, d = bxor(c, t), rol(d, 11)
        -- Multiply and take the high part; the bias is below n / 2^32.
        return math.floor((result % 2 ^ 32) * n / 2 ^ 32) + 1
    end
end

--- The value below which the fraction q of the sorted array lies, linear between neighbours
--- (numpy's default).
function statistics.quantile(sorted, q)
    local at = 1 + (#sorted - 1) * q
    local low = math.floor(at)
    local high = math.min(low + 1, #sorted)
    return sorted[low] + (at - low) * (sorted[high] - sorted[low])
end

--- The normal quantile of a two-sided level (0.95 -> 1.96): Newton's steps on the error function,
--- which is summed by its Maclaurin series.
function statistics.normal_quantile(level)
    local target, x = level, 1
    for _ = 1, 60 do
        -- erf(x) by its Maclaurin series; |x| stays below 6
        local sum, term, n = x, x, 0
        repeat
            n = n + 1
            term = -term * x * x / n
            sum = sum + term / (2 * n + 1)
        until math.abs(term) < 1e-17 * (1 + math.abs(sum)) or n > 400
        local erf = 2 / math.sqrt(math.pi) * sum
        local step = (erf - target) / (2 / math.sqrt(math.pi) * math.exp(-x * x))
        x = math.min(math.max(x - step, 0), 5)
        if math.abs(step) < 1e-14 then break end
    end
    return x * math.sqrt(2)
end

--- Wilson's interval for k successes of n (Wilson 1927): low, high.
function statistics.wilson(k, n, level)
    if n == 0 then return 0, 1 end
    local z = statistics.normal_quantile(level or 0.95)
    local p, zz = k / n, z * z
    local middle = (p + zz / (2 * n)) / (1 + zz / n)
    local half = z / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
    return math.max(0, middle - half), math.min(1, middle + half)
end

--- Percentile bootstrap of `statistic(indices) -> number` over rows 1 to n: low, high, and the
--- sorted values of all resamples.
function statistics.bootstrap(statistic, n, opts)
    local random, values, indices = statistics.random(opts.seed), {}, {}
    for r = 1, opts.resamples do
        for i = 1, n do indices[i] = random(n) end
        values[r] = statistic(indices)
    end
    table.sort(values)
    local tail = (1 - opts.level) / 2
    return statistics.quantile(values, tail), statistics.quantile(values, 1 - tail), values
end

return statistics
