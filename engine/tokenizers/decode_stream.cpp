// SPDX-License-Identifier: Apache-2.0
// What of a decoded text no later token can change? Decoders are many, so none is asked about its
// rules: the text is decoded again with likely and unlikely tokens behind it, and only what stays
// in all of these is given out. U+FFFD at the end always waits, it may be half a character.
#include <algorithm>

#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

namespace {

// Tokens that make decoders show what they hold back: the end of a word (BPEDecoder), a byte of a
// character (ByteFallback), punctuation and spaces (clean-up rules).
const char* const kProbes[] = {"a", "<0x80>", ".", " ", "\xE2\x96\x81"};
constexpr size_t kContext = 16;  // ids kept as context; decoders look at neighbours, not farther

size_t common(const std::string& a, const std::string& b, size_t limit) {
    size_t n = std::min({a.size(), b.size(), limit}), i = 0;
    while (i < n && a[i] == b[i]) ++i;
    return i;
}

std::string with(const Pipeline& p, std::vector<std::string> spelled, const char* probe) {
    spelled.emplace_back(probe);
    return p.decode(std::move(spelled));
}

bool ends_broken(const std::string& text, size_t size) {
    return size >= 3 && text.compare(size - 3, 3, "\xEF\xBF\xBD") == 0;
}

// Does a decoder put <0xNN> tokens together? The whole run of them reads as characters or as
// U+FFFD, so none of it is certain before it ends.
bool joins_bytes(const Json& decoder) {
    if (!decoder.is_object()) return false;
    auto type = decoder.find("type");
    if (type != decoder.end() && *type == "ByteFallback") return true;
    auto parts = decoder.find("decoders");
    if (parts == decoder.end() || !parts->is_array()) return false;
    return std::any_of(parts->begin(), parts->end(), joins_bytes);
}

bool is_byte(const std::string& token) {
    return token.size() == 6 && token.compare(0, 3, "<0x") == 0 && token[5] == '>';
}

}  // namespace

DecodeStream::DecodeStream(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special)
    : tokenizer_(std::move(tokenizer)), skip_special_(skip_special) {
    const Json& json = tokenizer_->json();
    auto decoder = json.find("decoder");
    joins_bytes_ = decoder != json.end() && joins_bytes(*decoder);
}

std::string DecodeStream::push(int id) {
    const Pipeline& p = *tokenizer_->pipeline_;
    ids_.push_back(id);
    auto spelled = p.spellings(ids_, skip_special_);
    if (spelled.empty() || (joins_bytes_ && is_byte(spelled.back()))) return "";
    std::string text = p.decode(spelled);
    size_t stable = text.size();
    while (ends_broken(text, stable)) stable -= 3;
    for (const char* probe : kProbes) stable = common(text, with(p, spelled, probe), stable);
    // Never half a character.
    while (stable < text.size() && stable > 0 &&
           (static_cast<unsigned char>(text[stable]) & 0xC0) == 0x80)
        --stable;
    if (stable <= given_) return "";
    std::string out = text.substr(given_, stable - given_);
    given_ = stable;
    if (ids_.size() < 2 * kContext || stable < text.size()) return out;
    // Everything is out: forget the older half, if what follows will read the same without it.
    std::vector<int> tail(ids_.end() - static_cast<std::ptrdiff_t>(kContext), ids_.end());
    auto tail_spelled = p.spellings(tail, skip_special_);
    if (tail_spelled.empty()) return out;
    std::string tail_text = p.decode(tail_spelled);
    if (tail_text.empty()) return out;
    for (const char* probe : kProbes) {
        std::string whole = with(p, spelled, probe), part = with(p, tail_spelled, probe);
        if (whole.size() < text.size() || part.size() < tail_text.size() ||
            whole.compare(text.size(), std::string::npos, part, tail_text.size(),
                          std::string::npos) != 0)
            return out;
    }
    ids_ = std::move(tail);
    given_ = tail_text.size();
    return out;
}

std::string DecodeStream::finish() {
    std::string text = tokenizer_->decode(ids_, skip_special_);
    std::string out = text.size() > given_ ? text.substr(given_) : "";
    ids_.clear();
    given_ = 0;
    return out;
}

}  // namespace moonlet
