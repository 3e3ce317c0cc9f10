-- SPDX-License-Identifier: Apache-2.0
-- k-means on vectors of length 1 by their cosine (spherical k-means): every vector goes to its nearest
-- centre, a centre moves to the mean of its vectors. The best of several random starts.
--     local kmeans = dofile "kmeans.lua"
--     local cluster, similarity = kmeans.run(vectors, k, {starts = 10})   -- cluster[i] is 1 to k
--     kmeans.dot(a, b)

local here = debug.getinfo(1, "S").source:match("^@(.*)kmeans%.lua$") or ""
local random = dofile(here .. "random.lua")

local kmeans = {}

function kmeans.dot(a, b)
    local sum = 0
    for i = 1, #a do sum = sum + a[i] * b[i] end
    return sum
end
local dot = kmeans.dot

local function once(v, k, r)
    local centres, of, total = {}, {}, nil
    for c = 1, k do centres[c] = v[r:range(1, #v)] end
    for _ = 1, 20 do
        local sums = {}
        total = 0
        for i = 1, #v do
            local most
            for c = 1, k do
                local s = dot(v[i], centres[c])
                if not most or s > most then of[i], most = c, s end
            end
            total = total + most
            local sum = sums[of[i]] or {}
            for d = 1, #v[i] do sum[d] = (sum[d] or 0) + v[i][d] end
            sums[of[i]] = sum
        end
        for c, sum in pairs(sums) do
            local length = math.sqrt(dot(sum, sum))
            for d = 1, #sum do sum[d] = sum[d] / length end
            centres[c] = sum
        end
    end
    return of, total
end

function kmeans.run(vectors, k, opts)
    local best, most = nil, -math.huge
    for seed = 1, opts and opts.starts or 10 do
        local of, total = once(vectors, k, random(seed))
        if total > most then best, most = of, total end
    end
    return best, most
end

return kmeans
