// SPDX-License-Identifier: Apache-2.0
// Many texts through a network once: cut to what it holds, those of like length side by side, so
// that little is computed on padding. Embedding and classifying are two ways to read the states.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "generation/language_model.h"

namespace moonlet {

// The ids of a text with its special tokens, its own ids cut so that at most `most` are left (0 =
// all).
std::vector<int> encode_within(const Tokenizer& tokenizer, const std::string& text, size_t most);
// How many ids the model takes of a text: max_seq_length or its context; 0 = no limit.
size_t longest_text(const LanguageModel& model);

// A text, or a pair of texts, as the network reads it.
struct TextIds {
    std::vector<int> ids;
    std::vector<int> types;  // of a pair's tokens: 0 or 1; empty: all 0
};

// One batch: which of the texts, the states after the last norm [rows, T, hidden], and the mask
// bool [rows, T], padding at the end.
struct TextBatch {
    std::vector<size_t> texts;
    at::Tensor states, mask;
};
using UseBatch = std::function<void(const TextBatch&)>;

// Under inference mode, the longest texts first; a text without any token is in no batch. Reports
// progress as `what`; interruptible per batch.
void for_each_batch(LanguageModel& model, const std::vector<TextIds>& texts, int batch_size,
                    const char* what, const UseBatch& use);
// The same from text, cut to what the model takes.
void for_each_batch(LanguageModel& model, const std::vector<std::string>& texts, int batch_size,
                    const char* what, const UseBatch& use);

}  // namespace moonlet
