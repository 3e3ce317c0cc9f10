-- SPDX-License-Identifier: Apache-2.0
-- Where the pieces of an answer go while it is written. opts.on_text (a function, false stops the
-- answer) and opts.stream (to the terminal; default: yes at the prompt without an on_text, no in a
-- script) become one function for the generator, or nil when nobody listens. It knows no model.

local session = require "moonlet.session"

local stream = {}

--- on_text, finish = stream.sink(opts): on_text(piece) -> false to stop, or nil; finish() ends the
--- terminal's line and tells whether anything was shown. thinking: it begins within a thought.
function stream.sink(opts, thinking)
    local listener, show = opts.on_text, opts.stream
    if listener ~= nil and type(listener) ~= "function" then
        error("on_text is a " .. type(listener)
            .. "; wanted a function(piece) that may return false", 3)
    end
    if show == nil then show = session.interactive and not listener end
    local shown, ending, rendered = false, "", nil
    local function finish()
        if rendered then rendered:finish()
        elseif shown and ending ~= "\n" then session.write("\n") end
        return shown
    end
    if not show then return listener, finish end
    return function(piece)
        if piece ~= "" then
            if not shown and session.render then rendered = session.render(thinking) end
            if rendered then rendered:write(piece) else session.write(piece) end
            shown, ending = true, piece:sub(-1)
        end
        if listener then return listener(piece) end
    end, finish
end

return stream
