-- SPDX-License-Identifier: Apache-2.0
-- What the stdlib has to know of the program around it, as fields that the shell sets before
-- anything runs. In a script, or under another LuaJIT, the values below stand. It knows no shell.

local session = {
    interactive = false, -- a prompt is answering: answers stream to it unless told not to
    unicode = nil,       -- true/false; nil: by MOONLET_ASCII and the locale (see text.lua)
    width = 80,          -- columns of the terminal
    whole = false,       -- what prints now goes to a pager or a file: leave nothing out
    color = false,       -- the terminal shows colours; what goes into a file has none
}

-- session.render(thinking), when the shell sets it: gives an object that shows an answer's
-- markdown, with :write(piece) and :finish(), or nil where answers are to be shown as they are.
-- session.report(what, done, total, unit, detail) and session.live(text): the progress area.
-- session.ask_terminal(question, ms), session.cell_size(), session.terminal: for pictures.

--- Where streamed text goes, piece by piece. The shell may put its own function here.
function session.write(piece)
    io.stdout:write(piece)
    io.stdout:flush()
end

return session
