// SPDX-License-Identifier: Apache-2.0
// A recogniser of the Lua grammar that builds nothing: it reports where the top-level `local`
// statements of a chunk end (the shell keeps those locals for later entries) and where the first
// token stands that cannot be (for the caret under an error), and where a top-level `return` is.
// Whether a text is valid is LuaJIT's
// to say: where the two differ, locals are not kept and no caret is drawn, nothing worse.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

struct LocalStatement {
    std::vector<std::string> names;
    std::size_t end;         // byte after its last token
    bool call_would_follow;  // the next token is `(`: code inserted at `end` must close with `;`
};

struct ChunkScan {
    bool valid = false;
    std::size_t error_at = 0;            // valid: size of the text
    std::vector<LocalStatement> locals;  // top level only, in order
    // The top-level `return`, from its first byte to behind its last expression; npos = none.
    std::size_t return_begin = std::string_view::npos, return_end = 0;
};

// as_expression: the text is a list of expressions instead of statements.
ChunkScan scan_chunk(std::string_view text, bool as_expression);

}  // namespace moonlet
