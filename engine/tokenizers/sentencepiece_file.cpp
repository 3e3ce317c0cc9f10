// SPDX-License-Identifier: Apache-2.0
// A reader of protocol buffers, as much as the file needs: fields of a number and a wire type
// (0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes), unknown ones passed over.
#include <cstring>

#include "core/error.h"
#include "core/interrupt.h"
#include "tokenizers/sentencepiece.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

struct Field {
    uint32_t number = 0;
    uint64_t value = 0;      // of a varint
    float real = 0;          // of four bytes
    std::string_view bytes;  // of a length-delimited field
};

class Message {
  public:
    Message(std::string_view bytes, const std::string& what) : left_(bytes), what_(what) {}

    bool next(Field& field) {
        if (left_.empty()) return false;
        uint64_t tag = varint();
        field = Field{};
        field.number = static_cast<uint32_t>(tag >> 3);
        if (field.number == 0) broken("a field of number 0");
        switch (tag & 7) {
            case 0: field.value = varint(); break;
            case 1: take(8); break;
            case 2: field.bytes = take(varint()); break;
            case 5: std::memcpy(&field.real, take(4).data(), 4); break;
            default: broken("the wire type " + std::to_string(tag & 7));
        }
        return true;
    }

  private:
    [[noreturn]] void broken(const std::string& found) const {
        throw Error(what_ + " is no sentencepiece model: it has " + found,
                    "a tokenizer.model of sentencepiece");
    }
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (left_.empty()) broken("a number that is cut off");
            auto byte = static_cast<unsigned char>(left_[0]);
            left_.remove_prefix(1);
            value |= uint64_t{byte & 0x7Fu} << shift;
            if (byte < 0x80) return value;
        }
        broken("a number of more than 64 bits");
    }
    std::string_view take(uint64_t n) {
        if (n > left_.size())
            broken("a field of " + std::to_string(n) + " bytes where " +
                   std::to_string(left_.size()) + " are left");
        std::string_view bytes = left_.substr(0, n);
        left_.remove_prefix(n);
        return bytes;
    }

    std::string_view left_;
    const std::string& what_;
};

void read_piece(std::string_view bytes, const std::string& what, SentencePieces& out) {
    std::string text;
    float score = 0;
    auto type = PieceType::normal;
    Message message(bytes, what);
    for (Field f; message.next(f);) {
        if (f.number == 1) text = unicode::lossy(f.bytes);
        if (f.number == 2) score = f.real;
        if (f.number == 3 && f.value >= 1 && f.value <= 6) type = static_cast<PieceType>(f.value);
    }
    if (text.empty())
        throw Error(what + ": piece " + std::to_string(out.pieces.size()) + " has no text");
    out.pieces.push_back(std::move(text));
    out.scores.push_back(score);
    out.types.push_back(type);
}

void read_trainer(std::string_view bytes, const std::string& what, SentencePieces& out) {
    out.unknown_surface = " \xE2\x81\x87 ";
    Message message(bytes, what);
    for (Field f; message.next(f);) {
        if (f.number == 3 && f.value >= 1 && f.value <= 4)
            out.model = static_cast<SentencePieces::Model>(f.value);
        if (f.number == 24) out.space_is_suffix = f.value != 0;
        if (f.number == 44) out.unknown_surface = unicode::lossy(f.bytes);
    }
}

void read_normalizer(std::string_view bytes, const std::string& what, SentencePieces& out) {
    Message message(bytes, what);
    for (Field f; message.next(f);) {
        if (f.number == 2) out.charsmap = std::string(f.bytes);
        if (f.number == 3) out.dummy_prefix = f.value != 0;
        if (f.number == 4) out.remove_extra_spaces = f.value != 0;
        if (f.number == 5 && f.value == 0)
            throw Error(what + " has escape_whitespaces = false", "true, as models have it");
    }
}

}  // namespace

SentencePieces read_sentencepiece(std::string_view bytes, const std::string& what) {
    SentencePieces out;
    out.unknown_surface = " \xE2\x81\x87 ";
    Message message(bytes, what);
    for (Field f; message.next(f);) {
        if (f.number == 1) read_piece(f.bytes, what, out);
        if (f.number == 2) read_trainer(f.bytes, what, out);
        if (f.number == 3) read_normalizer(f.bytes, what, out);
        if (out.pieces.size() % 4096 == 1) interrupt::check();
    }
    if (out.pieces.empty())
        throw Error(what + " is no sentencepiece model: it has no pieces",
                    "a tokenizer.model of sentencepiece");
    out.unknown = -1;
    for (size_t i = 0; i < out.types.size() && out.unknown < 0; ++i)
        if (out.types[i] == PieceType::unknown) out.unknown = static_cast<int>(i);
    return out;
}

}  // namespace moonlet
