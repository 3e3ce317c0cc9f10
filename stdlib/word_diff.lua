-- SPDX-License-Identifier: Apache-2.0
-- What changed from one text to another, word by word: the longest common subsequence of words.
-- Marked as git does it, [-gone-] {+come+}; colours are put around the marks, so that without them
-- the text is the same. It knows no models.

local ffi = require "ffi"

local word_diff = {}

local LIMIT = 4e6 -- cells of the table; beyond it the middle counts as exchanged

local function words_of(s)
    local words = {}
    for word in s:gmatch("%S+") do words[#words + 1] = word end
    return words
end

-- Appends what stands in a[i..n], b[j..m] to `out` as {kind, word}.
local function middle(a, b, i, n, j, m, out)
    local rows, columns = n - i + 1, m - j + 1
    if rows * columns > LIMIT then
        for k = i, n do out[#out + 1] = { "-", a[k] } end
        for k = j, m do out[#out + 1] = { "+", b[k] } end
        return
    end
    local width = columns + 1
    local common = ffi.new("int32_t[?]", (rows + 1) * width)
    for r = rows - 1, 0, -1 do
        for c = columns - 1, 0, -1 do
            if a[i + r] == b[j + c] then
                common[r * width + c] = common[(r + 1) * width + c + 1] + 1
            else
                common[r * width + c] = math.max(common[(r + 1) * width + c],
                    common[r * width + c + 1])
            end
        end
    end
    local r, c = 0, 0
    while r < rows or c < columns do
        if r < rows and c < columns and a[i + r] == b[j + c] then
            out[#out + 1] = { "=", a[i + r] }
            r, c = r + 1, c + 1
        elseif c == columns or (r < rows
                and common[(r + 1) * width + c] >= common[r * width + c + 1]) then
            out[#out + 1] = { "-", a[i + r] }
            r = r + 1
        else
            out[#out + 1] = { "+", b[j + c] }
            c = c + 1
        end
    end
end

--- Runs of words {kind = "=", "-" or "+", text = "words"} that lead from text `from` to text `to`,
--- and the share of the longer text's words that both have.
function word_diff.runs(from, to)
    local a, b, out = words_of(from), words_of(to), {}
    local first, last_a, last_b = 1, #a, #b
    while first <= last_a and first <= last_b and a[first] == b[first] do
        out[#out + 1] = { "=", a[first] }
        first = first + 1
    end
    local tail = {}
    while last_a >= first and last_b >= first and a[last_a] == b[last_b] do
        table.insert(tail, 1, { "=", a[last_a] })
        last_a, last_b = last_a - 1, last_b - 1
    end
    middle(a, b, first, last_a, first, last_b, out)
    for _, pair in ipairs(tail) do out[#out + 1] = pair end
    local runs, kept = {}, 0
    for _, pair in ipairs(out) do
        if pair[1] == "=" then kept = kept + 1 end
        local run = runs[#runs]
        if run and run.kind == pair[1] then
            run.text = run.text .. " " .. pair[2]
        else
            runs[#runs + 1] = { kind = pair[1], text = pair[2] }
        end
    end
    local longer = math.max(#a, #b)
    return runs, longer > 0 and kept / longer or 1
end

--- The runs as one text: kept [-gone-] {+come+}.
function word_diff.text(runs)
    local parts = {}
    for i, run in ipairs(runs) do
        local text = run.text
        if run.kind == "-" then text = "[-" .. text .. "-]" end
        if run.kind == "+" then text = "{+" .. text .. "+}" end
        parts[i] = text
    end
    return table.concat(parts, " ")
end

--- The lines of such a text with the marked parts in red and green.
function word_diff.colored(lines)
    local result, open = {}, ""
    for n, line in ipairs(lines) do
        local colored = open .. line:gsub("%[%-", "\27[31m[-"):gsub("{%+", "\27[32m{+")
            :gsub("%-%]", "-]\27[0m"):gsub("%+}", "+}\27[0m")
        for code in colored:gmatch "\27%[(%d+)m" do
            open = code == "0" and "" or "\27[" .. code .. "m"
        end
        result[n] = colored .. (open ~= "" and "\27[0m" or "")
    end
    return result
end

return word_diff
