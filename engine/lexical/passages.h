// SPDX-License-Identifier: Apache-2.0
// Documents and the passages they were cut into: texts byte for byte, each with the other columns
// of its row. A passage is a span of its document's text. Both are numbered from 0 in the order
// they came, and numbers never change. Saved as
//   rows.jsonl   one line per document: {"bytes": of its text, "passages": [[begin, end, headers?],
//                …], "row": {…}}
//   texts        the texts one after another
// Knows no index.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "lexical/selection.h"
#include "lexical/splitter.h"

namespace moonlet {

class Passages {
  public:
    struct Document {
        std::string text;
        Json row;  // without the text
    };
    struct Passage {
        size_t document;
        Chunk chunk;
    };

    // `split` null: the whole text is one passage, a blank one too. Returns how many it made.
    size_t add(std::string text, Json row, const SplitOptions* split);

    // Drops all documents but the first `documents`.
    void keep(size_t documents);

    size_t size() const { return passages_.size(); }
    size_t documents() const { return documents_.size(); }
    const Passage& passage(size_t i) const { return passages_[i]; }
    const Document& document(size_t i) const { return documents_[i]; }
    std::string_view text(size_t i) const;  // of passage i
    size_t bytes() const { return bytes_; }

    // The passages of documents whose row fits. Interruptible.
    Selection select(const std::function<bool(const Json& row)>& fits) const;

    // Both files, each atomically, into a folder that exists.
    void save(const std::string& folder) const;
    // Error: missing files, or files that do not fit each other.
    static Passages load(const std::string& folder);

  private:
    std::vector<Document> documents_;
    std::vector<Passage> passages_;
    size_t bytes_ = 0;
};

}  // namespace moonlet
