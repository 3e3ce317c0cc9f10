// SPDX-License-Identifier: Apache-2.0
#include "shell/completion_place.h"

#include <algorithm>

#include "shell/fuzzy.h"

namespace moonlet {
namespace {

constexpr std::size_t kMaxFuzzy = 60;

}  // namespace

void CompletionPlace::add(std::string_view name, Candidate candidate) {
    int score = match_score(prefix, name);
    if (score == kNoMatch || (exact_ && score > 0)) return;
    if (score == 0 && !exact_) {
        exact_ = true;
        found_.clear();
    }
    found_.push_back({score, std::move(candidate)});
}

Completion CompletionPlace::finish() {
    std::stable_sort(found_.begin(), found_.end(), [this](const Found& a, const Found& b) {
        if (a.score != b.score) return a.score < b.score;
        return !in_order && a.candidate.text < b.candidate.text;
    });
    Completion completion{begin, text.size(), {}};
    auto& list = completion.candidates;
    for (Found& found : found_) {
        bool known =
            in_order
                ? std::any_of(list.begin(), list.end(),
                              [&](const Candidate& c) { return c.text == found.candidate.text; })
                : !list.empty() && list.back().text == found.candidate.text;
        if (known) continue;
        if (!exact_ && list.size() >= kMaxFuzzy) break;
        list.push_back(std::move(found.candidate));
    }
    found_.clear();
    return completion;
}

const CallSite* CompletionPlace::call() {
    // f "text: a string behind a name is its argument.
    bool bare = in_string && !tokens.empty() && tokens.back().kind == TokenKind::name;
    if (!looked_ && bare) call_ = CallSite{.callee_end = tokens.size() - 1};
    if (!looked_ && !bare) call_ = call_at(text, tokens);
    looked_ = true;
    return call_ ? &*call_ : nullptr;
}

NameChain CompletionPlace::callee_chain() {
    return call() ? chain_at(text, tokens, call()->callee_end) : NameChain{};
}

const Callee& CompletionPlace::callee() {
    if (!looked_callee_ && call()) callee_ = find_callee(names, text, tokens, callee_chain());
    looked_callee_ = true;
    return callee_;
}

const RowField* CompletionPlace::option() {
    if (!call() || !call()->in_table || call()->nested || call()->key.empty() || !callee().row)
        return nullptr;
    for (const RowField& option : callee().row->options) {
        if (option.name == call()->key) return &option;
    }
    return nullptr;
}

const RowField* CompletionPlace::parameter() {
    if (!call() || call()->in_table || !callee().row) return nullptr;
    const auto& params = callee().row->params;
    return call()->argument < params.size() ? &params[call()->argument] : nullptr;
}

}  // namespace moonlet
