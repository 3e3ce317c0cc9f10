// SPDX-License-Identifier: Apache-2.0
// Cutting and padding by the rules of Hugging Face tokenizers 0.23 (utils/truncation, utils/padding
// and Encoding::truncate there), the reading of options by those of transformers.
#include "tokenizers/encoding.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

const OptionTable& EncodeOptions::rows() {
    static const OptionTable table = {
        {"special", "boolean", "true",
         "add the special tokens the model expects (such as <s>, [CLS])"},
        {"max_length", "integer", "",
         "tokens at most, special ones included; longer texts are cut"},
        {"truncation", "boolean|string", "true where max_length is given",
         "\"longest_first\" (= true), \"only_first\" or \"only_second\" of a pair; false: none"},
        {"stride", "integer", "0", "tokens that the pieces of a cut text share"},
        {"truncation_side", "\"right\"|\"left\"", "\"right\"", "where a text is cut"},
        {"padding", "boolean|string", "false",
         "\"longest\" of the batch (= true) or \"max_length\": fill up with the padding token"},
        {"padding_side", "\"right\"|\"left\"", "", "where padding goes; without: the tokenizer's"},
        {"pad_to_multiple_of", "integer", "0", "rounds the padded length up"},
        {"pad_token", "string", "", "the padding token; without: the tokenizer's own"},
    };
    return table;
}

namespace {

size_t size_option(const Json& options, const char* name, const std::string& where) {
    auto value = options.at(name).get<int64_t>();
    if (value < 0) throw Error(where + ": " + name + " is " + std::to_string(value), "0 or more");
    return size_t(value);
}

Side side_of(const Json& value) { return value == "left" ? Side::left : Side::right; }

bool given(const Json& options, const char* name) {
    auto it = options.find(name);
    return it != options.end() && !it->is_null();
}

}  // namespace

EncodeOptions EncodeOptions::from_json(const Json& options, const std::string& where) {
    EncodeOptions o;
    read_option(options, "special", o.special);
    if (given(options, "max_length")) {
        o.max_length = size_option(options, "max_length", where);
        o.truncation = Truncation::longest_first;
    }
    if (given(options, "truncation")) {
        const Json& how = options.at("truncation");
        if (how == true || how == "longest_first") o.truncation = Truncation::longest_first;
        else if (how == false || how == "do_not_truncate") o.truncation = Truncation::none;
        else if (how == "only_first") o.truncation = Truncation::only_first;
        else if (how == "only_second") o.truncation = Truncation::only_second;
        else
            throw Error(where + ": truncation is " + dump_json(how, -1),
                        "true, false, \"longest_first\", \"only_first\" or \"only_second\"");
        if (o.truncation != Truncation::none && !o.max_length)
            throw Error(where + ": truncation without max_length", "max_length = tokens at most");
    }
    if (given(options, "stride")) o.stride = size_option(options, "stride", where);
    if (given(options, "truncation_side")) o.truncation_side = side_of(options["truncation_side"]);
    if (given(options, "padding")) {
        const Json& how = options.at("padding");
        if (how == true || how == "longest") o.padding = PaddingTo::longest;
        else if (how == "max_length") o.padding = PaddingTo::max_length;
        else if (how != false && how != "do_not_pad")
            throw Error(where + ": padding is " + dump_json(how, -1),
                        "true, false, \"longest\" or \"max_length\"");
        if (o.padding == PaddingTo::max_length && !o.max_length)
            throw Error(where + ": padding = \"max_length\" without max_length",
                        "max_length = the length to fill up to");
    }
    if (given(options, "padding_side")) o.padding_side = side_of(options["padding_side"]);
    if (given(options, "pad_to_multiple_of"))
        o.pad_to_multiple_of = size_option(options, "pad_to_multiple_of", where);
    if (given(options, "pad_token")) o.pad_token = options["pad_token"].get<std::string>();
    return o;
}

std::vector<std::pair<size_t, size_t>> cut_ranges(size_t n, size_t keep, size_t stride, Side side) {
    if (keep >= n) return {{0, n}};
    if (keep == 0) return {{0, 0}, {0, n}};
    if (stride >= keep)
        throw Error("stride is " + std::to_string(stride) + " where " + std::to_string(keep) +
                        " tokens of the text are kept",
                    "a smaller stride or a greater max_length");
    std::vector<std::pair<size_t, size_t>> ranges;
    size_t step = keep - stride;
    if (side == Side::right) {
        for (size_t begin = 0;; begin += step) {
            ranges.emplace_back(begin, std::min(begin + keep, n));
            if (ranges.back().second == n) break;
        }
    } else {
        for (size_t end = n;; end -= step) {
            ranges.emplace_back(end > keep ? end - keep : 0, end);
            if (ranges.back().first == 0) break;
        }
    }
    return ranges;
}

std::pair<size_t, size_t> kept_lengths(size_t n1, size_t n2, bool pair, size_t room,
                                       Truncation how) {
    if (room == 0) return {0, 0};
    size_t total = n1 + n2;
    if (how == Truncation::none || total <= room) return {n1, n2};
    if (how == Truncation::longest_first) {
        if (!pair) return {room, 0};
        // The longer one is cut to what the shorter leaves; where both are too long, half each, and
        // the odd one to the longer.
        bool swapped = n1 > n2;
        size_t shorter = std::min(n1, n2);
        size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
        if (shorter + longer > room) {
            shorter = room / 2;
            longer = shorter + room % 2;
        }
        return swapped ? std::pair{longer, shorter} : std::pair{shorter, longer};
    }
    if (how == Truncation::only_second && !pair)
        throw Error("truncation = \"only_second\" with one text", "a pair");
    size_t excess = total - room, &target = how == Truncation::only_first ? n1 : n2;
    if (target <= excess)
        throw Error("the text to cut has " + std::to_string(target) + " tokens and " +
                        std::to_string(excess) + " have to go",
                    "a greater max_length or truncation = \"longest_first\"");
    target -= excess;
    return {n1, n2};
}

void pad(Encoding& e, size_t length, const Padding& padding) {
    for (Encoding& o : e.overflow) pad(o, length, padding);
    if (e.ids.size() >= length) return;
    size_t missing = length - e.ids.size();
    auto fill = [&](auto& values, auto value) {
        values.insert(padding.side == Side::left ? values.begin() : values.end(), missing, value);
    };
    fill(e.ids, padding.id);
    fill(e.offsets, std::pair<size_t, size_t>{0, 0});
    fill(e.type_ids, padding.type);
    fill(e.sequence_ids, padding.sequence);
    fill(e.attention_mask, 0);
    fill(e.special_mask, 1);
}

size_t padded_length(size_t longest, const EncodeOptions& options) {
    size_t length = longest, multiple = options.pad_to_multiple_of;
    if (options.padding == PaddingTo::max_length) length = options.max_length.value_or(0);
    if (multiple > 0 && length % multiple > 0) length += multiple - length % multiple;
    return length;
}

}  // namespace moonlet
