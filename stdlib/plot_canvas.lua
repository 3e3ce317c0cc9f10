-- SPDX-License-Identifier: Apache-2.0
-- A drawing of dots in characters: braille (two by four dots in each) or, without Unicode, one mark
-- a character. A character has one colour, of whoever drew into it last. It knows no axes.

-- The bits of a braille character's dots, [column][row] from the top.
local DOTS = { { 1, 2, 4, 64 }, { 8, 16, 32, 128 } }

--- A grid of w by h characters, drawn into by dot(x, y, mark, color) with y upwards from 0; color
--- is SGR parameters or nil.
return function(w, h, unicode)
    local cells, colors = {}, {}
    local across, up = unicode and 2 or 1, unicode and 4 or 1
    local self = { width = w * across, height = h * up }

    function self.dot(x, y, mark, color)
        if x < 0 or y < 0 or x >= self.width or y >= self.height then return end
        local top = self.height - 1 - y
        local cell = math.floor(top / up) * w + math.floor(x / across) + 1
        colors[cell] = color
        if unicode then
            local bit = DOTS[x % 2 + 1][top % 4 + 1]
            cells[cell] = cells[cell] or 0
            if math.floor(cells[cell] / bit) % 2 == 0 then cells[cell] = cells[cell] + bit end
        else
            cells[cell] = mark
        end
    end

    function self.line(x0, y0, x1, y1, mark, color)
        local steps = math.max(math.abs(x1 - x0), math.abs(y1 - y0), 1)
        for i = 0, steps do
            self.dot(math.floor(x0 + (x1 - x0) * i / steps + 0.5),
                math.floor(y0 + (y1 - y0) * i / steps + 0.5), mark, color)
        end
    end

    function self.row(r, colored)
        local parts, last = {}, nil
        for c = 1, w do
            local at = (r - 1) * w + c
            local cell = cells[at]
            local color = colored and cell and colors[at] or nil
            if color ~= last then
                parts[#parts + 1] = color and "\27[" .. color .. "m" or "\27[0m"
                last = color
            end
            if not cell then
                parts[#parts + 1] = " "
            elseif unicode then
                parts[#parts + 1] = string.char(0xE2, 0xA0 + math.floor(cell / 64),
                    0x80 + cell % 64)
            else
                parts[#parts + 1] = cell
            end
        end
        if last then parts[#parts + 1] = "\27[0m" end
        return table.concat(parts)
    end
    return self
end
