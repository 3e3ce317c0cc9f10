// SPDX-License-Identifier: Apache-2.0
// The public encodings: OpenAI's as in tiktoken 0.14 (its patterns, which differ from the first
// ones where a text ends in white space), Llama 3 and 4 as in Meta's llama-models, Qwen as in its
// first model's own tokenizer. Rust's $ is Oniguruma's \z, and its {1,3}+ needs no + where nothing
// follows.
#include "tokenizers/tiktoken.h"

namespace moonlet {

namespace {

using Special = std::vector<std::pair<std::string, int>>;

constexpr const char* kR50k =
    R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++\z|\s+(?!\S)|\s)";
constexpr const char* kCl100k =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+)"
    R"(|\s++\z|\s*[\r\n]|\s+(?!\S)|\s)";
constexpr const char* kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
    R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::string numbered(const std::string& name, int n) {
    return "<|" + name + std::to_string(n) + "|>";
}

// Appends names with the ids that follow.
void add(Special& special, int& id, std::initializer_list<const char*> names) {
    for (const char* name : names) special.emplace_back(name, id++);
}
void add(Special& special, int& id, const std::string& name, int first, int count) {
    for (int n = first; n < first + count; ++n) special.emplace_back(numbered(name, n), id++);
}

Special end_of_text(size_t) { return {{"<|endoftext|>", 50256}}; }

Special p50k_edit(size_t) {
    return {{"<|endoftext|>", 50256},
            {"<|fim_prefix|>", 50281},
            {"<|fim_middle|>", 50282},
            {"<|fim_suffix|>", 50283}};
}

Special cl100k(size_t) {
    return {{"<|endoftext|>", 100257},
            {"<|fim_prefix|>", 100258},
            {"<|fim_middle|>", 100259},
            {"<|fim_suffix|>", 100260},
            {"<|endofprompt|>", 100276}};
}

Special o200k(size_t) { return {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}; }

// tiktoken also calls 200018 <|reserved_200018|>; one id has one token here.
Special o200k_harmony(size_t) {
    Special special = {{"<|startoftext|>", 199998}, {"<|endoftext|>", 199999},
                       {"<|return|>", 200002},      {"<|constrain|>", 200003},
                       {"<|channel|>", 200005},     {"<|start|>", 200006},
                       {"<|end|>", 200007},         {"<|message|>", 200008},
                       {"<|call|>", 200012},        {"<|endofprompt|>", 200018}};
    for (int id : {200000, 200001, 200004, 200009, 200010, 200011})
        special.emplace_back(numbered("reserved_", id), id);
    for (int id = 200013; id < 201088; ++id)
        if (id != 200018) special.emplace_back(numbered("reserved_", id), id);
    return special;
}

Special llama3(size_t ranks) {
    Special special;
    int id = static_cast<int>(ranks);
    add(special, id,
        {"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
         "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>",
         "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
         "<|image|>"});
    add(special, id, "reserved_special_token_", 2, 244);
    return special;
}

Special llama4(size_t ranks) {
    Special special;
    int id = static_cast<int>(ranks);
    add(special, id,
        {"<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>", "<|fim_middle|>",
         "<|fim_suffix|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>", "<|step|>"});
    add(special, id, "text_post_train_reserved_special_token_", 0, 6);
    add(special, id, {"<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>"});
    add(special, id, "text_post_train_reserved_special_token_", 8, 61);
    add(special, id, {"<|image_start|>", "<|image_end|>"});
    add(special, id, "vision_reserved_special_token_", 0, 2);
    add(special, id, {"<|tile_x_separator|>", "<|tile_y_separator|>"});
    add(special, id, "vision_reserved_special_token_", 2, 4);
    add(special, id, {"<|image|>", "<|vision_reserved_special_token_6|>", "<|patch|>"});
    add(special, id, "vision_reserved_special_token_", 7, 1041);
    add(special, id, "reasoning_reserved_special_token_", 0, 8);
    add(special, id, {"<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>"});
    add(special, id, "reserved_special_token_", 0, 2048 - static_cast<int>(special.size()));
    return special;
}

Special qwen(size_t ranks) {
    Special special;
    int id = static_cast<int>(ranks);
    add(special, id, {"<|endoftext|>", "<|im_start|>", "<|im_end|>"});
    add(special, id, "extra_", 0, 205);
    return special;
}

}  // namespace

const std::vector<TiktokenEncoding>& tiktoken_encodings() {
    static const std::vector<TiktokenEncoding> all = {
        {"gpt2", kR50k, 50256, end_of_text},
        {"r50k_base", kR50k, 50256, end_of_text},
        {"p50k_base", kR50k, 50280, end_of_text},
        {"p50k_edit", kR50k, 50280, p50k_edit},
        {"cl100k_base", kCl100k, 100256, cl100k},
        {"o200k_base", kO200k, 199998, o200k},
        {"o200k_harmony", kO200k, 199998, o200k_harmony},
        {"llama3", kLlama3, 128000, llama3, "<|begin_of_text|>"},
        {"llama4", kO200k, 200000, llama4, "<|begin_of_text|>"},
        {"qwen", kQwen, 151643, qwen, nullptr, "NFC"},
    };
    return all;
}

}  // namespace moonlet
