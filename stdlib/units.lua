-- SPDX-License-Identifier: Apache-2.0
-- Counts and sizes as people read them: 3.7 M, 2.1 MB (powers of 1000). It knows nothing else.

local units = {}

local function scaled(n, steps, one)
    for _, unit in ipairs(steps) do
        if n >= unit[1] then return ("%.1f %s"):format(n / unit[1], unit[2]) end
    end
    return ("%d%s"):format(n, one)
end

--- 4096 -> "4.1 K".
function units.count(n)
    return scaled(n, { { 1e12, "T" }, { 1e9, "B" }, { 1e6, "M" }, { 1e3, "K" } }, "")
end

--- 2100000 -> "2.1 MB".
function units.bytes(n)
    return scaled(n, { { 1e12, "TB" }, { 1e9, "GB" }, { 1e6, "MB" }, { 1e3, "kB" } }, " B")
end

return units
