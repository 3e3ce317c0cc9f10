// SPDX-License-Identifier: Apache-2.0
// Byte-level pieces are counted as bytes and spelled once at the end.
#include "tokenizers/train_words.h"

#include "core/interrupt.h"
#include "core/progress.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/vocabulary.h"

namespace moonlet {

namespace {

class Counter {
  public:
    void add(std::string_view word) {
        int known = words_.find(word);
        if (known < 0) {
            words_.add(word, static_cast<int>(counts_.size()));
            counts_.push_back(1);
        } else {
            ++counts_[static_cast<size_t>(known)];
        }
    }
    template <class F>
    void each(F f) const {
        words_.each(
            [&](std::string_view word, int n) { f(word, counts_[static_cast<size_t>(n)]); });
    }

  private:
    Vocabulary words_;
    std::vector<int64_t> counts_;
};

template <class Kinds>
auto part(const Json& json, const char* where) {
    using Part = decltype(make_part<Kinds>(json, where));
    return json.is_null() ? Part() : make_part<Kinds>(json, where);
}

}  // namespace

WordCounts count_words(const std::function<bool(std::string&)>& next_text, const Json& normalizer,
                       const Json& pre_tokenizer) {
    auto rewrite = part<NormalizerKinds>(normalizer, "normalizer");
    auto cut = part<PreTokenizerKinds>(pre_tokenizer, "pre_tokenizer");
    interrupt::check_entry();
    Counter bytes, spelled;
    double megabytes = 0;
    for (std::string text; next_text(text);) {
        Pieces pieces;
        if (!text.empty()) {
            AlignedText& given = pieces.texts.emplace_back(text);
            if (rewrite) rewrite->apply(given);
            if (given.size() > 0) pieces.list.push_back(Piece{&given, 0, given.size()});
        }
        if (cut) cut->apply(pieces);
        for (const Piece& piece : pieces.list) (piece.bytes ? bytes : spelled).add(piece.view());
        megabytes += static_cast<double>(text.size()) / 1e6;
        interrupt::check();
        report_progress({"reading text", megabytes, 0, "MB", ""});
    }
    WordCounts out;
    auto take = [&](std::string word, int64_t count) {
        out.words.push_back(std::move(word));
        out.counts.push_back(count);
    };
    spelled.each([&](std::string_view word, int64_t n) { take(std::string(word), n); });
    bytes.each([&](std::string_view word, int64_t n) { take(byte_level::written(word), n); });
    return out;
}

}  // namespace moonlet
