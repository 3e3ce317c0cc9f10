// SPDX-License-Identifier: Apache-2.0
// Two models on the same prompts: whether text becomes the same ids and the ids the same numbers.
#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/language_model.h"

namespace moonlet {

namespace {

// Logits closer than this are a tie that rounding may decide either way.
constexpr double kNearTie = 1e-2;

void compare_logits(LanguageModel& first, LanguageModel& second, const std::vector<int>& ids,
                    PromptCheck& row) {
    at::Tensor a = logits_of(first, ids), b = logits_of(second, ids);
    row.tokens = int(a.size(0));
    row.difference = (a - b).abs().max().item<double>();
    at::Tensor p = at::log_softmax(a.to(at::kDouble), -1),
               q = at::log_softmax(b.to(at::kDouble), -1);
    row.divergence = (p.exp() * (p - q)).sum(-1).mean().item<double>();
    if (ids.size() > 1) {
        const int64_t n = a.size(0) - 1;
        at::Tensor next = at::tensor(ids, at::kLong).narrow(0, 1, n).unsqueeze(1);
        row.surprise = -p.narrow(0, 0, n).gather(1, next).sum().item<double>();
        row.surprise_of_second = -q.narrow(0, 0, n).gather(1, next).sum().item<double>();
    }
    at::Tensor top_a = a.argmax(-1, true), top_b = b.argmax(-1, true);
    at::Tensor same = top_a.eq(top_b);
    row.same_top = int(same.sum().item<int64_t>());
    // How much less the first model likes the second's choice than its own.
    at::Tensor lead = a.gather(-1, top_a) - a.gather(-1, top_b);
    row.real_changes = int((lead > kNearTie).sum().item<int64_t>());
}

std::vector<int> cut(std::vector<int> ids, const LanguageModel& a, const LanguageModel& b) {
    for (const LanguageModel* model : {&a, &b}) {
        const int64_t limit = model->network->max_positions();
        if (limit > 0 && int64_t(ids.size()) > limit) ids.resize(size_t(limit));
    }
    return ids;
}

void compare_ids(LanguageModel& first, LanguageModel& second, const std::vector<int>& ids,
                 const std::vector<int>& other, PromptCheck& row) {
    row.same_ids = ids == other;
    const int begin = second.generation_config.bos_token_id;
    row.double_begin = begin >= 0 && other.size() > 1 && other[0] == begin && other[1] == begin;
    if (!ids.empty() && first.network->causal())
        compare_logits(first, second, cut(ids, first, second), row);
}

}  // namespace

std::vector<PromptCheck> compare_models(LanguageModel& first, LanguageModel& second,
                                        const std::vector<std::string>& prompts,
                                        const std::vector<Json>& chats) {
    Model &a = *first.network, &b = *second.network;
    if (a.causal() != b.causal() || a.vocab_size() != b.vocab_size())
        throw Error(
            "a " + b.model_type() + " model with " + std::to_string(b.vocab_size()) + " tokens",
            "one like the other, " + a.model_type() + " with " + std::to_string(a.vocab_size()) +
                " tokens");
    std::vector<PromptCheck> rows;
    for (const std::string& prompt : prompts) {
        interrupt::check();
        PromptCheck row{.prompt = prompt};
        if (first.tokenizer && second.tokenizer) {
            compare_ids(first, second, first.tokenizer->encode(prompt),
                        second.tokenizer->encode(prompt), row);
            if (!a.causal()) {
                at::Tensor x = embed(first, {prompt}), y = embed(second, {prompt});
                row.difference = (x - y).abs().max().item<double>();
                row.cosine = at::cosine_similarity(x, y, 1).item<double>();
            }
        } else {  // bytes are ids as good as any
            row.same_ids = !first.tokenizer && !second.tokenizer;
            std::vector<int> ids;
            for (unsigned char c : prompt) ids.push_back(int(c % a.vocab_size()));
            if (a.causal()) compare_logits(first, second, cut(ids, first, second), row);
        }
        rows.push_back(row);
    }
    for (const Json& chat : chats) {
        if (!first.chat_template) break;
        interrupt::check();
        ChatTemplate::Options options;
        PromptCheck row{.prompt = first.chat_template->render(chat, options), .chat = true};
        const std::string other =
            second.chat_template ? second.chat_template->render(chat, options) : "";
        row.same_text = row.prompt == other;
        if (first.tokenizer && second.tokenizer)
            compare_ids(first, second, first.tokenizer->encode(row.prompt, false),
                        second.tokenizer->encode(other, false), row);
        rows.push_back(row);
    }
    return rows;
}

}  // namespace moonlet
