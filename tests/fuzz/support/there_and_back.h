// SPDX-License-Identifier: Apache-2.0
// What every target does with a tokenizer that a file made: text there and back.
#pragma once

#include "core/error.h"
#include "tokenizers/tokenizer.h"

namespace fuzz {

inline void there_and_back(const moonlet::Tokenizer& tokenizer) {
    tokenizer.describe();
    for (const char* text : {"", " Hello, wörld!\n\t12345  it's <s>[CLS]",
                             "한글 ㅎㅏㄴ e\xcc\x81 👩‍👩‍👧 \xff\xfe", "aaaaaaaa"}) {
        try {
            const moonlet::Encoding encoding = tokenizer.encode_with_offsets(text);
            tokenizer.decode(encoding.ids);
            tokenizer.decode(tokenizer.encode(text, false), true);
        } catch (const moonlet::Error&) {
        }
    }
}

}  // namespace fuzz
