-- SPDX-License-Identifier: Apache-2.0
-- Bars of characters for values between 0 and 1: eighths of a block, or # where the terminal has no
-- block characters. A table is rows of cells with one bar at the end. It knows no models.

local text = require "moonlet.text"

local bars = {}

local EIGHTHS = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

--- A bar `fraction` of `width` columns long; never empty for a value above 0.
function bars.bar(fraction, width, unicode)
    if unicode == nil then unicode = text.unicode() end
    if not (fraction > 0) then return "" end
    fraction = math.min(fraction, 1)
    if not unicode then return ("#"):rep(math.max(1, math.floor(fraction * width + 0.5))) end
    local eighths = math.max(1, math.floor(fraction * width * 8 + 0.5))
    return ("█"):rep(math.floor(eighths / 8)) .. (EIGHTHS[eighths % 8] or "")
end

--- Lines of aligned columns. rows: {{cells = {string…}, value = 0..1}, …}; opts: width (columns of
--- a full bar, default 24), right = {[column] = true} for right-aligned cells, scale (the value of
--- a full bar, default 1), unicode.
function bars.table(rows, opts)
    opts = opts or {}
    local widths, right = {}, opts.right or {}
    for _, row in ipairs(rows) do
        for i, cell in ipairs(row.cells) do
            widths[i] = math.max(widths[i] or 0, text.width(cell))
        end
    end
    local lines = {}
    for n, row in ipairs(rows) do
        local cells = {}
        for i, cell in ipairs(row.cells) do cells[i] = text.pad(cell, widths[i], right[i]) end
        cells[#cells + 1] = bars.bar(row.value / (opts.scale or 1), opts.width or 24, opts.unicode)
        lines[n] = (table.concat(cells, "  "):gsub("%s+$", ""))
    end
    return table.concat(lines, "\n")
end

return bars
