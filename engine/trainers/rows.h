// SPDX-License-Identifier: Apache-2.0
// What objectives ask of a row of data, with errors that name the row and its columns.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "trainers/trainer.h"

namespace moonlet {

// "trainers.sft: row 3", for errors.
std::string row_name(const char* objective, size_t index);
// "columns question, id", "is a number": what a row is, for errors.
std::string row_shape(const Json& row);
// The row's column of that name, nullptr where it has none or null.
const Json* column(const Json& row, const char* name);

// A list of token ids. Error: not an array of integers from 0.
std::vector<int> given_ids(const Json& ids, const std::string& where);
// The text of a string row or of column text. Error: neither.
const std::string& text_of(const Json& row, const std::string& where);
// The text's ids with the tokenizer's own special tokens, and the model's first end token behind
// them where it is not there already.
std::vector<int> document_ids(const LanguageModel& model, const std::string& text);
// Appends the model's first end token, if it has one and it is not there already.
void add_end(const LanguageModel& model, std::vector<int>& ids);
// A row {input_ids = …}, whose tokens all count unless a column says otherwise: labels (-100 where
// nothing is asked, else the id itself), assistant_masks, completion_mask or loss_mask (0 or 1).
// Error: a column of another length, or with other values.
Sequence given_sequence(const Json& row, const std::string& where);

// Calls `make(i)` for each row, with progress and Ctrl-C.
void for_each_row(size_t rows, const std::function<void(size_t)>& make);

}  // namespace moonlet
