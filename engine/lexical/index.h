// SPDX-License-Identifier: Apache-2.0
// BM25 over texts: the five variants of Kamphuis et al. 2020 ("Which BM25 do you mean?") with
// scores equal to bm25s (Lù 2024) for equal terms. Scores of terms in texts are computed once, when
// a search first asks for them, and a search only adds them up. Texts are numbered from 0 in the
// order they came. Knows no splitter and no metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "lexical/selection.h"

namespace moonlet {

struct Bm25Options {
    // idf · tfc with N texts, df of them with the term, tf times in one; L = 1 - b + b·len/avglen:
    //   lucene     ln(1 + (N-df+0.5)/(df+0.5)) · tf / (tf + k1·L)
    //   robertson  ln(max(1, (N-df+0.5)/(df+0.5))) · tf / (tf + k1·L)
    //   atire      ln(N/df) · (k1+1)·tf / (tf + k1·L)
    //   bm25l      ln((N+1)/(df+0.5)) · (k1+1)·(tf/L + delta) / (k1 + tf/L + delta)
    //   bm25+      ln((N+1)/df) · ((k1+1)·tf / (tf + k1·L) + delta)
    // bm25l and bm25+ give a text without the term their value at tf = 0.
    std::string method = "lucene";
    double k1 = 1.5, b = 0.75, delta = 0.5;
    std::string terms = "bigrams";  // or "words", see words.h

    static const OptionTable& rows();
    static Bm25Options from_json(const Json& options);  // Error: unknown name or bad value
    Json json() const;
};

struct Scored {
    int64_t id;
    float score;
};

class LexicalIndex {
  public:
    explicit LexicalIndex(const Bm25Options& options = {});
    ~LexicalIndex();
    LexicalIndex(const LexicalIndex&) = delete;
    LexicalIndex& operator=(const LexicalIndex&) = delete;

    void add(std::string_view text);
    // The best k of the texts that hold one of the query's terms (and that `among` allows), best
    // first, ties by lower number. A term that stands twice in the query counts twice.
    std::vector<Scored> search(std::string_view query, size_t k,
                               const Selection* among = nullptr) const;

    size_t size() const;        // texts
    size_t vocabulary() const;  // different terms
    size_t bytes() const;
    const Bm25Options& options() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace moonlet
