// SPDX-License-Identifier: Apache-2.0
// What encoding gives, and how it may be cut and padded: names, defaults and results are those of
// Hugging Face (`truncation`, `max_length`, `stride`, `padding`, …). All vectors of an Encoding are
// as long as `ids`. Knows no tokenizer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/options.h"

namespace moonlet {

struct Encoding {
    std::vector<int> ids;
    // For each id the bytes of the given text it stands for, [begin, end), 0-based. Tokens that the
    // post-processor adds ([CLS], <s>) have {0, 0}. Two tokens may share a range: byte-level pieces
    // of one character all name that whole character, as in Hugging Face.
    std::vector<std::pair<size_t, size_t>> offsets;
    std::vector<int> type_ids;        // the segment, as the post-processor numbers it
    std::vector<int> sequence_ids;    // of which text: 0, 1, or -1 for tokens of no text
    std::vector<int> attention_mask;  // 0 where padded, else 1
    std::vector<int> special_mask;    // 1 where the post-processor or padding put the token
    std::vector<Encoding> overflow;   // what was cut off, in pieces that repeat `stride` tokens
};

enum class Truncation { none, longest_first, only_first, only_second };
enum class PaddingTo { none, longest, max_length };
enum class Side { right, left };

struct EncodeOptions {
    bool special = true;
    Truncation truncation = Truncation::none;
    std::optional<size_t> max_length;  // special tokens included
    size_t stride = 0;                 // tokens that pieces of the overflow share
    Side truncation_side = Side::right;
    PaddingTo padding = PaddingTo::none;
    std::optional<Side> padding_side;  // without: the tokenizer's own
    size_t pad_to_multiple_of = 0;     // 0: any length
    std::optional<std::string> pad_token;

    static const OptionTable& rows();
    // Error: unknown name, bad value, or options that contradict each other.
    static EncodeOptions from_json(const Json& options, const std::string& where);
};

struct Padding {
    int id = 0, type = 0;
    Side side = Side::right;
    int sequence = -1;  // what sequence_ids says of padding
};

// Which tokens of a text of n stay ([0] of the result) and which overflow: ranges [begin, end).
// Error: stride not below `keep`.
std::vector<std::pair<size_t, size_t>> cut_ranges(size_t n, size_t keep, size_t stride, Side side);
// How many tokens two texts of n1 and n2 keep (`pair` false: one of n1) for `room` in all.
// Error: only_second without a second, or too little of the text to cut.
std::pair<size_t, size_t> kept_lengths(size_t n1, size_t n2, bool pair, size_t room,
                                       Truncation how);
// Pads to `length`, overflow too; does nothing to what is long enough.
void pad(Encoding& encoding, size_t length, const Padding& padding);
// The length that texts of at most `longest` tokens are padded to.
size_t padded_length(size_t longest, const EncodeOptions& options);

}  // namespace moonlet
