// SPDX-License-Identifier: Apache-2.0
// The shapes in which people keep training data, told by a row's columns, and each as chat messages
// {role, content}. See training_format.cpp for the table. Knows no model and no template.
#pragma once

#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace moonlet {

// The name of the format `row` is in, "" = none of them.
std::string detect_format(const Json& row);
std::vector<std::string> format_names();
// Whether rows of the format can be made messages; false for "" too. Error: no such format.
bool has_messages(const std::string& format);

// The row as a list of messages {"role", "content"}; of a preference row the prompt and the chosen
// answer. Error: the format has no messages ("text"), or the row lacks what it needs.
Json row_messages(const Json& row, const std::string& format);

// Error: no such format, or the dataset's first row has not the columns it needs.
void check_format(const std::string& format, Dataset& data);

}  // namespace moonlet
