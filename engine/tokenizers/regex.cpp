// SPDX-License-Identifier: Apache-2.0
// PCRE2 with its just-in-time compiler; where that runs out of stack the interpreter takes over.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizers/regex.h"

#include <pcre2.h>

#include "core/error.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

std::string message(int code) {
    PCRE2_UCHAR text[256];
    pcre2_get_error_message(code, text, sizeof text);
    return reinterpret_cast<const char*>(text);
}

struct MatchData {
    pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
    ~MatchData() { pcre2_match_data_free(data); }
};

}  // namespace

struct Regex::Impl {
    std::string pattern;
    pcre2_code* code = nullptr;
    bool jit = false;
    ~Impl() { pcre2_code_free(code); }
};

Regex::Regex(const std::string& pattern) : impl_(std::make_unique<Impl>()) {
    impl_->pattern = pattern;
    if (!unicode::valid(pattern)) throw Error("the pattern is not UTF-8: " + quote(pattern));
    std::string ours = to_pcre2(pattern);
    std::unique_ptr<pcre2_compile_context, void (*)(pcre2_compile_context*)> context(
        pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE where = 0;
    impl_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(ours.data()), ours.size(),
                                PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &where,
                                context.get());
    if (!impl_->code)
        throw Error("the pattern " + quote(pattern, 200) + " does not compile: " + message(error));
    impl_->jit = pcre2_jit_compile(impl_->code, PCRE2_JIT_COMPLETE) == 0;
}

Regex::~Regex() = default;

void Regex::find_all(std::string_view text, Ranges& out) const {
    thread_local MatchData match;
    auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    const PCRE2_SIZE* pair = pcre2_get_ovector_pointer(match.data);
    size_t from = 0, last_end = text.size() + 1;
    while (from <= text.size()) {
        int n = impl_->jit ? pcre2_jit_match(impl_->code, subject, text.size(), from, 0, match.data,
                                             nullptr)
                           : PCRE2_ERROR_JIT_STACKLIMIT;
        if (n == PCRE2_ERROR_JIT_STACKLIMIT)
            n = pcre2_match(impl_->code, subject, text.size(), from,
                            PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match.data, nullptr);
        if (n == PCRE2_ERROR_NOMATCH) return;
        if (n < 0)
            throw Error("the pattern " + quote(impl_->pattern, 200) + " gave up on a text of " +
                        std::to_string(text.size()) + " bytes: " + message(n));
        size_t begin = pair[0], end = pair[1];
        // An empty match right behind the last one does not count (as in Oniguruma's find_iter).
        if (begin >= end && end == last_end) {
            if (from >= text.size()) return;
            from += unicode::width(static_cast<unsigned char>(text[from]));
            continue;
        }
        from = last_end = end;
        out.emplace_back(begin, end);
    }
}

}  // namespace moonlet
