-- SPDX-License-Identifier: Apache-2.0
-- Letters for plots as PNG: strokes on a grid of 5 by 7 points, drawn small capitals for small
-- letters. Each stroke is a run of points "xy"; a character it does not know is a box.

local font = {}

local STROKES = {
    ["0"] = "1030414536160501" .. "10", ["1"] = "112026 1636", ["2"] = "0110304142" .. "0646",
    ["3"] = "01103041423344" .. "45361605 1333", ["4"] = "36300444", ["5"] = "400003334445361605",
    ["6"] = "413010010516364544331304", ["7"] = "004016",
    ["8"] = "103041423313020110 13040516364544" .. "33", ["9"] = "423313020110304145361605",
    A = "0602204246 0444", B = "00304142330300 0333444536060" .. "0", C = "4130100105163645",
    D = "00304145360600", E = "40000646 0333", F = "400006 0333", G = "41301001051636454323",
    H = "0006 4046 0343", I = "1030 2026 1636", J = "4045361605", K = "0006 400346", L = "000646",
    M = "0600234046", N = "06004640", O = "103041453616050110", P = "06003041423303",
    Q = "103041453616050110 3446", R = "06003041423303 2346", S = "413010010213334445361605",
    T = "0040 2026", U = "000516364540", V = "002640", W = "0016233640", X = "0046 4006",
    Y = "002340 2326", Z = "00400646", ["."] = "2626", [","] = "2617", ["-"] = "1333",
    ["+"] = "1333 2224", _ = "0646", ["/"] = "0640", ["%"] = "0640 0011 3546", ["("] = "30121436",
    [")"] = "10323416", ["="] = "1232 1434", [":"] = "2222 2525", ["'"] = "2021", ["^"] = "122032",
    ["*"] = "1234 3214 2125", ["<"] = "311335", [">"] = "113315", ["["] = "30101636",
    ["]"] = "10303616", ["|"] = "2026", ["!"] = "2024 2626", ["?"] = "01103041422324 2626",
    ['"'] = "1011 3031", ["#"] = "1016 3036 0242 0444", [" "] = "", ["…"] = "0606 2626 4646",
    ["·"] = "2323", ["–"] = "0343",
}
local BOX = "0040460600"

--- Can the character be drawn?
function font.knows(char) return STROKES[char:upper()] ~= nil end

--- Columns of pixels a text takes with strokes `size` pixels apart.
function font.width(s, size)
    local n = 0
    for _ in require("moonlet.text").chars(s) do n = n + 1 end
    return math.max(0, n * 6 - 2) * size
end

--- Calls line(x0, y0, x1, y1) for each piece of the text whose upper left corner is x, y.
function font.draw(s, x, y, size, line)
    for char in require("moonlet.text").chars(s) do
        local small = char:match("^%l$") ~= nil
        local strokes = STROKES[char:upper()] or BOX
        local function at(p)
            local u, v = tonumber(p:sub(1, 1)), tonumber(p:sub(2, 2))
            if small then v = 1.5 + v * 0.75 end
            return x + u * size, y + v * size
        end
        for stroke in strokes:gmatch("%d+") do
            local px, py = at(stroke:sub(1, 2))
            for i = 3, #stroke - 1, 2 do
                local qx, qy = at(stroke:sub(i, i + 1))
                line(px, py, qx, qy)
                px, py = qx, qy
            end
        end
        x = x + 6 * size
    end
end

return font
