// SPDX-License-Identifier: Apache-2.0
// A token for each character: what models of small alphabets and of Hangul syllables start from,
// and n-grams of characters are made of.
#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "tokenizers/train.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

constexpr const char* kUnknown = "<unk>";

// "<s>" and "</s>", where both are among the special tokens, stand around every text.
Json around(const std::vector<std::string>& names) {
    auto begin = std::find(names.begin(), names.end(), "<s>");
    auto end = std::find(names.begin(), names.end(), "</s>");
    if (begin == names.end() || end == names.end()) return nullptr;
    auto special = [](const char* name) {
        return Json{{"SpecialToken", {{"id", name}, {"type_id", 0}}}};
    };
    auto text = [](const char* name, int type) {
        return Json{{"Sequence", {{"id", name}, {"type_id", type}}}};
    };
    auto known = [&](auto found) {
        return Json{{"id", *found}, {"ids", {found - names.begin()}}, {"tokens", {*found}}};
    };
    return {{"type", "TemplateProcessing"},
            {"single", {special("<s>"), text("A", 0), special("</s>")}},
            {"pair", {special("<s>"), text("A", 0), special("</s>"), text("B", 1)}},
            {"special_tokens", {{"<s>", known(begin)}, {"</s>", known(end)}}}};
}

}  // namespace

std::shared_ptr<Tokenizer> train_char(const std::function<bool(std::string&)>& next_text,
                                      const TrainOptions& options) {
    std::vector<std::string> names = options.special_tokens;
    if (std::find(names.begin(), names.end(), kUnknown) == names.end()) names.push_back(kUnknown);
    if (options.vocab_size <= int(names.size()))
        throw Error("vocab_size is " + std::to_string(options.vocab_size),
                    "more than the " + std::to_string(names.size()) + " special tokens");
    interrupt::check_entry();
    std::map<char32_t, int64_t> counts;
    double megabytes = 0;
    for (std::string text; next_text(text);) {
        for (const unicode::Change& c :
             unicode::normalize(unicode::lossy(text), unicode::Form::nfc))
            ++counts[c.c];
        megabytes += double(text.size()) / 1e6;
        interrupt::check();
        report_progress({"reading text", megabytes, 0, "MB", ""});
    }
    std::vector<std::pair<char32_t, int64_t>> order(counts.begin(), counts.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [character, count] : order)
        if (count >= options.min_frequency && int(names.size()) < options.vocab_size)
            names.push_back(unicode::utf8(character));
    Json::object_t vocabulary;  // filled in order, names differ
    for (size_t i = 0; i < names.size(); ++i) vocabulary.push_back({names[i], i});
    Json every = {{"type", "Split"},
                  {"pattern", {{"Regex", "[\\s\\S]"}}},
                  {"behavior", "Isolated"},
                  {"invert", false}};
    return Tokenizer::from_json(
        {{"version", "1.0"},
         {"truncation", nullptr},
         {"padding", nullptr},
         {"added_tokens", added_tokens(options)},
         {"normalizer", {{"type", "NFC"}}},
         {"pre_tokenizer", every},
         {"post_processor", around(names)},
         {"decoder", {{"type", "Fuse"}}},
         {"model",
          {{"type", "WordLevel"}, {"vocab", std::move(vocabulary)}, {"unk_token", kUnknown}}}},
        "the trained tokenizer");
}

}  // namespace moonlet
