-- SPDX-License-Identifier: Apache-2.0
-- A table in a box of lines, as wide as the terminal at most: column names, types, rows, and what
-- there is to say about them at the foot. Wide characters take two columns; a cell is one line, cut
-- with an ellipsis; columns that find no room at all are left out in the middle, and counted.
--     box.draw{columns = {{name=, type=}, …}, rows = {{cell, …}, …}, foot = {"12 rows"}}
-- Cells are strings; those of integer and number columns, and of columns with right = true, stand
-- at the right. The line of types is left out where no column has one. It knows no dataset.

local session = require "moonlet.session"
local text = require "moonlet.text"

local box = {}

local LINES = {
    unicode = { top = { "┌", "─", "┬", "┐" }, middle = { "├", "─", "┼", "┤" },
        last = { "├", "─", "┴", "┤" }, bottom = { "└", "─", "─", "┘" }, side = "│" },
    ascii = { top = { "+", "-", "+", "+" }, middle = { "+", "-", "+", "+" },
        last = { "+", "-", "+", "+" }, bottom = { "+", "-", "-", "+" }, side = "|" },
}
local NARROWEST, WIDEST = 6, 60 -- columns of a cell: what it is cut to at least, shown at most

local CONTROL = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

--- `s` on one line: control characters written as escapes; no longer than a cell ever is.
function box.flat(s)
    if #s > 4 * WIDEST and not session.whole then
        s = s:sub(1, 4 * WIDEST + 4):gsub("[\192-\255][\128-\191]*$", "")
    end
    return (s:gsub("[%c]", function(c) return CONTROL[c] or ("\\x%02X"):format(c:byte()) end))
end

local function sum(widths)
    local total = 1
    for _, w in ipairs(widths) do total = total + w + 3 end
    return total
end

-- Makes the widest columns narrower until all fit; false when even the narrowest do not.
local function shrink(widths, room)
    while sum(widths) > room do
        local widest, second = 1, 0
        for i, w in ipairs(widths) do
            if w > widths[widest] then widest = i end
        end
        for i, w in ipairs(widths) do
            if i ~= widest and w > second then second = w end
        end
        local over = sum(widths) - room
        local w = math.max(widths[widest] - over, math.min(second, widths[widest] - 1), NARROWEST)
        if w >= widths[widest] then return false end
        widths[widest] = w
    end
    return true
end

local function natural_widths(columns, rows)
    local widths = {}
    for c, column in ipairs(columns) do
        local w = math.max(text.width(column.name), text.width(column.type or ""), 1)
        for _, row in ipairs(rows) do w = math.max(w, text.width(row[c])) end
        widths[c] = session.whole and w or math.min(w, WIDEST)
    end
    return widths
end

-- Columns in the middle give way until the others fit: which ones stay, and their widths.
local function fitting(columns, rows, room)
    local kept = {}
    for c = 1, #columns do kept[c] = c end
    while true do
        local shown, cells, gone = {}, {}, #columns - #kept
        for i, c in ipairs(kept) do shown[i] = columns[c] end
        for r, row in ipairs(rows) do
            cells[r] = {}
            for i, c in ipairs(kept) do cells[r][i] = row[c] end
        end
        if gone > 0 then
            local at = math.ceil(#kept / 2) + 1
            table.insert(shown, at, { name = text.unicode() and "…" or "...", type = "" })
            for _, row in ipairs(cells) do table.insert(row, at, shown[at].name) end
        end
        local widths = natural_widths(shown, cells)
        if shrink(widths, room) or #kept <= 1 then return shown, cells, widths, gone end
        table.remove(kept, math.ceil((#kept + 1) / 2))
    end
end

local function rule(marks, widths)
    local parts = {}
    for i, w in ipairs(widths) do parts[i] = marks[2]:rep(w + 2) end
    return marks[1] .. table.concat(parts, marks[3]) .. marks[4]
end

-- Writes a row of cells as a line.
local function line(side, cells, widths, right)
    local parts = {}
    for i, w in ipairs(widths) do
        parts[i] = " " .. text.pad(text.cut(cells[i], w), w, right and right[i]) .. " "
    end
    return side .. table.concat(parts, side) .. side
end

--- A table of rows that come one by one, in pieces of text: columns as wide as `sample` (rows of
--- cells) and the names need; a later cell that is wider is cut. next_row() gives cells or nil,
--- foot() the list of short texts when all rows have come.
function box.pieces(columns, sample, next_row, foot)
    local marks = text.unicode() and LINES.unicode or LINES.ascii
    local names, types, right, flat, typed = {}, {}, {}, {}, false
    for c, column in ipairs(columns) do
        names[c], types[c] = box.flat(column.name), column.type or ""
        right[c] = column.right or column.type == "integer" or column.type == "number"
        typed = typed or types[c] ~= ""
    end
    for r, row in ipairs(sample) do
        flat[r] = {}
        for c = 1, #columns do flat[r][c] = box.flat(row[c]) end
    end
    local shown = {}
    for c = 1, #columns do shown[c] = { name = names[c], type = types[c] } end
    local widths = natural_widths(shown, flat)
    local state = "head"
    return function()
        if state == "head" then
            state = "rows"
            local lines = { rule(marks.top, widths), line(marks.side, names, widths, right) }
            if typed then lines[3] = line(marks.side, types, widths, right) end
            lines[#lines + 1] = rule(marks.middle, widths)
            return table.concat(lines, "\n") .. "\n"
        elseif state == "rows" then
            local row = next_row()
            if row then
                for c = 1, #columns do row[c] = box.flat(row[c]) end
                return line(marks.side, row, widths, right) .. "\n"
            end
            state = "end"
            return rule({ marks.bottom[1], marks.bottom[2], text.unicode() and "┴" or "+",
                marks.bottom[4] }, widths) .. "\n"
                .. table.concat(foot(), text.unicode() and " · " or ", ") .. "\n"
        end
    end
end

--- The table as text. spec: columns {{name=, type=}, …}, rows of cells, foot (list of short texts),
--- width (default: the terminal's).
function box.draw(spec)
    local marks = text.unicode() and LINES.unicode or LINES.ascii
    local room = session.whole and math.huge or math.max(20, spec.width or session.width)
    local foot = {}
    for i, part in ipairs(spec.foot or {}) do foot[i] = part end
    local columns, rows, typed = {}, {}, false
    for c, column in ipairs(spec.columns) do
        columns[c] = { name = box.flat(column.name), type = column.type, right = column.right }
        typed = typed or (column.type or "") ~= ""
    end
    for r, row in ipairs(spec.rows) do
        rows[r] = {}
        for c = 1, #columns do rows[r][c] = box.flat(row[c]) end
    end
    local shown, cells, widths, gone = fitting(columns, rows, room)
    if gone > 0 then
        foot[#foot + 1] = ("%d of %d columns shown"):format(#columns - gone, #columns)
    end
    local note = text.cut(table.concat(foot, text.unicode() and " · " or ", "), room - 4)
    if #shown == 0 then return note end
    -- a foot that is wider than the table widens its last column
    local missing = text.width(note) + 4 - sum(widths)
    if missing > 0 then widths[#widths] = widths[#widths] + missing end
    local names, types, right = {}, {}, {}
    for i, column in ipairs(shown) do
        names[i], types[i] = column.name, column.type or ""
        right[i] = column.right or column.type == "integer" or column.type == "number"
    end
    local lines = { rule(marks.top, widths), line(marks.side, names, widths, right) }
    if typed then lines[3] = line(marks.side, types, widths, right) end
    lines[#lines + 1] = rule(marks.middle, widths)
    for _, row in ipairs(cells) do lines[#lines + 1] = line(marks.side, row, widths, right) end
    if note ~= "" then
        lines[#lines + 1] = rule(marks.last, widths)
        lines[#lines + 1] = line(marks.side, { note }, { sum(widths) - 4 })
    end
    lines[#lines + 1] = rule(note ~= "" and marks.bottom
        or { marks.bottom[1], marks.bottom[2], text.unicode() and "┴" or "+", marks.bottom[4] },
        widths)
    return table.concat(lines, "\n")
end

return box
