-- SPDX-License-Identifier: Apache-2.0
-- Documents for training, read from a folder of .txt, .md, .jsonl (column text) and .xhtml files and
-- cut at paragraphs into pieces that a context of 512 tokens holds.
--     local texts = dofile "examples/data/texts.lua"
--     texts.folder(path) -> {piece…}, {file…};   texts.public_domain() -> the same, {} where absent

local texts = {}

local LIMIT = 1400 -- bytes of a piece, about 450 tokens

local function read(path)
    local file = io.open(path, "rb")
    if not file then return nil end
    local content = file:read("*a")
    file:close()
    return (content:gsub("\r\n", "\n"))
end

-- Quotation marks as one types them, so that a small vocabulary has one kind.
local PLAIN = { ["“"] = '"', ["”"] = '"', ["‘"] = "'", ["’"] = "'" }

-- Paragraphs joined up to LIMIT; a longer one is cut at a blank.
local function add_pieces(pieces, content)
    content = content:gsub("\226\128[\148-\157]", PLAIN):gsub("\226\129\160", "")
        :gsub("\194\160", " ")
    local current = ""
    local function flush()
        if #current > 40 then pieces[#pieces + 1] = current end
        current = ""
    end
    for paragraph in (content .. "\n\n"):gmatch("(.-)\n%s*\n") do
        paragraph = paragraph:gsub("\n[ \t]+", "\n"):match("^%s*(.-)%s*$")
        while #paragraph > LIMIT do
            local cut = paragraph:sub(1, LIMIT):match("^.*()%s") or LIMIT
            flush()
            pieces[#pieces + 1] = paragraph:sub(1, cut - 1)
            paragraph = paragraph:sub(cut + 1)
        end
        if #current + #paragraph > LIMIT then flush() end
        if paragraph ~= "" then
            current = current == "" and paragraph or current .. "\n\n" .. paragraph
        end
    end
    flush()
end

local ENTITIES = { amp = "&", lt = "<", gt = ">", quot = '"', nbsp = " " }

local function without_tags(content)
    content = content:match("<body.->(.*)</body>") or content
    content = content:gsub("\n%s*", " "):gsub("</p>", "\n\n"):gsub("</h%d>", "\n\n")
    return (content:gsub("<[^>]*>", ""):gsub("&(%w+);", ENTITIES))
end

local function add_file(pieces, path)
    local content = read(path)
    if not content then return false end
    if path:find("%.jsonl$") then
        for line in content:gmatch("[^\n]+") do
            local row = json.decode(line)
            local whole = row.title and row.title .. "\n\n" .. row.text or row.text
            local moral = row.moral and row.moral ~= "" and "\n\nMoral: " .. row.moral or ""
            add_pieces(pieces, whole .. moral)
        end
    elseif path:find("%.x?html?$") then
        add_pieces(pieces, without_tags(content))
    else
        add_pieces(pieces, content)
    end
    return true
end

local function all(paths)
    local pieces, found = {}, {}
    for _, path in ipairs(paths) do
        if add_file(pieces, path) then found[#found + 1] = path:match("[^/]+$") end
    end
    return pieces, found
end

--- Every text file of a folder.
function texts.folder(path)
    local paths = {}
    local list = assert(io.popen("ls -1 '" .. path:gsub("'", "'\\''") .. "'"))
    for name in list:lines() do
        if name:find("%.txt$") or name:find("%.jsonl$") or name:find("%.md$")
            or name:find("%.xhtml$") then
            paths[#paths + 1] = path .. "/" .. name
        end
    end
    list:close()
    if #paths == 0 then error("no .txt, .md, .jsonl or .xhtml file in '" .. path .. "'", 0) end
    return all(paths)
end

--- The public-domain texts among the shared data (MOONLET_TEST_DATA, else ../shared/data beside the
--- repository, `root`): fables, a novel's chapters, plays, the Universal Declaration.
function texts.public_domain(root)
    local base = os.getenv("MOONLET_TEST_DATA") or root .. "/../shared/data"
    local paths = { base .. "/text/aesop_fables_dev.jsonl", base .. "/text/udhr_eng.txt",
        base .. "/text/udhr_kor.txt" }
    for i = 1, 8 do paths[#paths + 1] = base .. "/docs/html/alice_chapter-" .. i .. ".xhtml" end
    local pieces, found = all(paths)
    -- The plays are six times the rest: every third piece, so that they do not set the tone.
    local plays, name = all { base .. "/text/tinyshakespeare_first90.txt" }
    for i = 1, #plays, 3 do pieces[#pieces + 1] = plays[i] end
    if name[1] then found[#found + 1] = name[1] .. " (a third)" end
    return pieces, found
end

return texts
