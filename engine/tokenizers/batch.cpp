// SPDX-License-Identifier: Apache-2.0
// Batches: texts are encoded side by side, results stand in the order of the texts. Threads take
// the next few texts when they are done with theirs; the caller's thread works too and watches for
// Ctrl-C. The first error (of the lowest text) is the batch's.
#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "core/error.h"
#include "core/interrupt.h"
#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

namespace {

constexpr size_t kGrain = 8;  // texts taken at once

template <class Work>
void side_by_side(size_t n, unsigned threads, Work work) {
    interrupt::check_entry();
    if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
    std::atomic<size_t> next{0}, failed{n};
    std::exception_ptr error;
    std::atomic<bool> stop{false}, holding{false};
    auto run = [&](bool main) {
        for (;;) {
            size_t begin = next.fetch_add(kGrain), end = std::min(n, begin + kGrain);
            if (begin >= n || stop) return;
            if (main && interrupt::requested()) stop = true;
            for (size_t i = begin; i < end && !stop; ++i) {
                try {
                    work(i);
                } catch (const std::exception&) {
                    while (holding.exchange(true)) std::this_thread::yield();
                    if (i < failed) {
                        failed = i;
                        error = std::current_exception();
                    }
                    holding = false;
                    next = n;  // what was taken is finished, nothing new begun
                    break;
                }
            }
        }
    };
    std::vector<std::thread> others;
    size_t wanted = std::min<size_t>(threads, (n + kGrain - 1) / kGrain);
    for (size_t i = 1; i < wanted; ++i) others.emplace_back(run, false);
    run(true);
    for (auto& t : others) t.join();
    interrupt::check();
    if (error) std::rethrow_exception(error);
}

}  // namespace

std::vector<Encoding> Tokenizer::encode_batch(const std::vector<std::string>& firsts,
                                              const std::vector<std::string>& seconds,
                                              const EncodeOptions& options,
                                              unsigned threads) const {
    bool pairs = !seconds.empty();
    if (pairs && seconds.size() != firsts.size())
        throw Error("a batch of " + std::to_string(firsts.size()) + " texts with " +
                        std::to_string(seconds.size()) + " second texts",
                    "as many");
    EncodeOptions single = options;
    single.padding = PaddingTo::none;
    std::vector<Encoding> out(firsts.size());
    side_by_side(firsts.size(), threads, [&](size_t i) {
        std::string_view second = pairs ? std::string_view(seconds[i]) : std::string_view();
        out[i] = encode_full(firsts[i], pairs ? &second : nullptr, single);
    });
    if (options.padding == PaddingTo::none) return out;
    size_t longest = 0;
    for (auto& e : out) longest = std::max(longest, e.ids.size());
    size_t length = padded_length(longest, options);
    Padding how = padding(options, pairs);
    for (auto& e : out) pad(e, length, how);
    return out;
}

std::vector<std::vector<int>> Tokenizer::encode_ids_batch(const std::vector<std::string>& texts,
                                                          bool special, unsigned threads) const {
    std::vector<std::vector<int>> out(texts.size());
    side_by_side(texts.size(), threads, [&](size_t i) { out[i] = encode(texts[i], special); });
    return out;
}

std::vector<std::string> Tokenizer::decode_batch(const std::vector<std::vector<int>>& ids,
                                                 bool skip_special, unsigned threads) const {
    std::vector<std::string> out(ids.size());
    side_by_side(ids.size(), threads, [&](size_t i) { out[i] = decode(ids[i], skip_special); });
    return out;
}

// The padding token: the one asked for, the file's own, or one whose name says what it is.
Padding Tokenizer::padding(const EncodeOptions& options, bool pair) const {
    Padding padding;
    const Json& file = pipeline_->json;
    const Json none = Json::object();
    bool said = file.contains("padding") && file["padding"].is_object();
    const Json& own = said ? file["padding"] : none;
    std::string side = string_field(own, "direction", "padding", "Right");
    padding.side = options.padding_side.value_or(side == "Left" ? Side::left : Side::right);
    padding.type = int(integer_field(own, "pad_type_id", "padding", 0));
    padding.sequence = !pipeline_->post_processor && !pair ? 0 : -1;  // as Hugging Face counts
    if (options.pad_token) {
        auto id = token_to_id(*options.pad_token);
        if (!id) throw Error("pad_token is " + quote(*options.pad_token), "a token there is");
        padding.id = *id;
        return padding;
    }
    if (said) {
        padding.id = int(integer_field(own, "pad_id", "padding", 0));
        return padding;
    }
    for (const char* name : {"[PAD]", "<pad>", "<|pad|>", "<PAD>", "<|padding|>",
                             "<|finetune_right_pad_id|>", "<|endoftext|>"}) {
        if (auto id = token_to_id(name)) {
            padding.id = *id;
            return padding;
        }
    }
    throw Error("padding with a tokenizer that has no padding token", "pad_token = \"…\"",
                "take the end-of-text token, the attention mask leaves it out");
}

}  // namespace moonlet
