// SPDX-License-Identifier: Apache-2.0
// The keys that move and change the text as readline does it; what concerns the whole entry
// (history, search, completion, Enter) is the editor state's. In vi's insert mode they work, too.
#pragma once

#include "shell/edit_buffer.h"
#include "shell/keys.h"

namespace moonlet {

enum class KeyEffect {
    none,   // not a key of this table
    moved,  // or changed in a way that is a step of undo of its own
    typed,  // text went in: joins the step before
    erased,
    killed,
    yanked,
};

// `last`: the effect of the key before; kills in a row are one, Alt-Y follows a yank only.
KeyEffect emacs_key(const Key& key, EditBuffer& buffer, KeyEffect last);

}  // namespace moonlet
