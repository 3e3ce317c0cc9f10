// SPDX-License-Identifier: Apache-2.0
// What a review reads in one row: the text, what is asked in it and answered, and what looks wrong.
#pragma once

#include <string>
#include <vector>

#include "datasets/review.h"

namespace moonlet {

struct RowTexts {
    std::string text;    // all of it
    std::string asked;   // conversations: what stands before the last answer; others: the text
    std::string answer;  // conversations: the last answer; others ""
    std::vector<std::string> empty;       // what has no text: column names, "the answer"
    std::vector<std::string> suspicious;  // what looks wrong, in words
};

class RowReader {
  public:
    // Decides by the options, the format and the columns what the text is. Error: no such column.
    RowReader(Dataset& data, const ReviewOptions& options);
    RowTexts texts(const Json& row) const;
    const std::string& label() const { return label_; }  // column, "" = none
    std::string what() const;                            // what the text is, in words

  private:
    std::string format_, label_;
    bool conversation_ = false, preferences_ = false;
    std::vector<std::string> columns_;
};

// White space as single blanks, none at the ends.
std::string collapsed(const std::string& text);

}  // namespace moonlet
