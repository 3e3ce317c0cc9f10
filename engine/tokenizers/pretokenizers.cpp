// SPDX-License-Identifier: Apache-2.0
// The pre-tokenizers that cut at characters or patterns. Those that also rewrite (ByteLevel,
// Metaspace) are in pretokenizers_rewriting.cpp.
#include "core/error.h"
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

class Split : public PreTokenizer {
  public:
    Split(const Json& json, const std::string& where)
        : pattern_(json, where),
          behavior_(behavior_from(string_field(json, "behavior", where))),
          invert_(bool_field(json, "invert", where, false)) {}
    void apply(Pieces& pieces) const override {
        Ranges found;
        pieces.cut([&](const Piece& piece, std::vector<Piece>& out) {
            found.clear();
            pattern_.find_all(piece.view(), found);
            cut_at(piece, found, behavior_, invert_, out);
        });
    }

  private:
    TextPattern pattern_;
    Behavior behavior_;
    bool invert_;
};

// Cuts at every single character for which `is` holds.
template <class Is>
void cut_characters(Pieces& pieces, Behavior behavior, Is is) {
    pieces.cut([&](const Piece& piece, std::vector<Piece>& out) {
        cut_at(piece, characters(piece.view(), is), behavior, false, out);
    });
}

class BertPreTokenizer : public PreTokenizer {
  public:
    BertPreTokenizer(const Json&, const std::string&) {}
    void apply(Pieces& pieces) const override {
        cut_characters(pieces, Behavior::removed, unicode::is_space);
        cut_characters(pieces, Behavior::isolated, unicode::is_punctuation);
    }
};

class WhitespaceSplit : public PreTokenizer {
  public:
    WhitespaceSplit(const Json&, const std::string&) {}
    void apply(Pieces& pieces) const override {
        cut_characters(pieces, Behavior::removed, unicode::is_space);
    }
};

// \w+|[^\w\s]+
class Whitespace : public PreTokenizer {
  public:
    Whitespace(const Json&, const std::string&) {}
    void apply(Pieces& pieces) const override {
        pieces.cut([](const Piece& piece, std::vector<Piece>& out) {
            std::string_view view = piece.view();
            int last = 0;  // 0: white space, 1: word, 2: anything else
            for (size_t i = 0; i < view.size();) {
                size_t at = i;
                char32_t c = unicode::next(view, i);
                int kind = unicode::is_word(c) ? 1 : unicode::is_space(c) ? 0 : 2;
                if (kind != 0 && kind == last) {
                    out.back().end = piece.begin + i;
                } else if (kind != 0) {
                    out.push_back(piece);
                    out.back().begin = piece.begin + at;
                    out.back().end = piece.begin + i;
                }
                last = kind;
            }
        });
    }
};

class Punctuation : public PreTokenizer {
  public:
    Punctuation(const Json& json, const std::string& where)
        : behavior_(behavior_from(string_field(json, "behavior", where, "Isolated"))) {}
    void apply(Pieces& pieces) const override {
        cut_characters(pieces, behavior_, unicode::is_punctuation);
    }

  private:
    Behavior behavior_;
};

class Digits : public PreTokenizer {
  public:
    Digits(const Json& json, const std::string& where)
        : behavior_(bool_field(json, "individual_digits", where) ? Behavior::isolated
                                                                 : Behavior::contiguous) {}
    void apply(Pieces& pieces) const override {
        cut_characters(pieces, behavior_, unicode::is_numeric);
    }

  private:
    Behavior behavior_;
};

class CharDelimiterSplit : public PreTokenizer {
  public:
    CharDelimiterSplit(const Json& json, const std::string& where)
        : delimiter_(string_field(json, "delimiter", where)) {}
    void apply(Pieces& pieces) const override {
        if (delimiter_.empty()) return;
        pieces.cut([&](const Piece& piece, std::vector<Piece>& out) {
            cut_at(piece, occurrences(piece.view(), delimiter_), Behavior::removed, false, out);
        });
    }

  private:
    std::string delimiter_;
};

// Pieces of so many characters.
class FixedLength : public PreTokenizer {
  public:
    FixedLength(const Json& json, const std::string& where)
        : length_(integer_field(json, "length", where, 5)) {
        if (length_ < 1) throw Error(where + ".length is " + std::to_string(length_), "1 or more");
    }
    void apply(Pieces& pieces) const override {
        pieces.cut([&](const Piece& piece, std::vector<Piece>& out) {
            std::string_view view = piece.view();
            for (size_t at = 0; at < view.size();) {
                Piece part = piece;
                part.begin = piece.begin + at;
                for (int64_t n = 0; n < length_ && at < view.size(); ++n)
                    at += unicode::width(static_cast<unsigned char>(view[at]));
                part.end = piece.begin + at;
                out.push_back(part);
            }
        });
    }

  private:
    int64_t length_;
};

// A piece begins where the script changes; characters of no script belong to the piece before
// them, and those at the beginning vanish (as in Hugging Face).
class UnicodeScripts : public PreTokenizer {
  public:
    UnicodeScripts(const Json&, const std::string&) {}
    void apply(Pieces& pieces) const override {
        pieces.cut([&](const Piece& piece, std::vector<Piece>& out) {
            std::string_view view = piece.view();
            int last = -1;
            bool any = false;
            for (size_t i = 0; i < view.size();) {
                size_t at = i;
                int script = unicode::script(unicode::next(view, i));
                if (script < 0 || script == last) continue;
                if (any) out.back().end = piece.begin + at;
                out.push_back(piece);
                out.back().begin = piece.begin + at;
                any = true;
                last = script;
            }
        });
    }
};

class Sequence : public PreTokenizer {
  public:
    Sequence(const Json& json, const std::string& where)
        : parts_(make_parts<PreTokenizerKinds>(json, "pretokenizers", where)) {}
    void apply(Pieces& pieces) const override {
        for (auto& part : parts_) part->apply(pieces);
    }

  private:
    std::vector<std::unique_ptr<PreTokenizer>> parts_;
};

const bool registered =
    PreTokenizerKinds::add("Split", make<PreTokenizer, Split>) &&
    PreTokenizerKinds::add("BertPreTokenizer", make<PreTokenizer, BertPreTokenizer>) &&
    PreTokenizerKinds::add("WhitespaceSplit", make<PreTokenizer, WhitespaceSplit>) &&
    PreTokenizerKinds::add("Whitespace", make<PreTokenizer, Whitespace>) &&
    PreTokenizerKinds::add("Punctuation", make<PreTokenizer, Punctuation>) &&
    PreTokenizerKinds::add("Digits", make<PreTokenizer, Digits>) &&
    PreTokenizerKinds::add("CharDelimiterSplit", make<PreTokenizer, CharDelimiterSplit>) &&
    PreTokenizerKinds::add("FixedLength", make<PreTokenizer, FixedLength>) &&
    PreTokenizerKinds::add("UnicodeScripts", make<PreTokenizer, UnicodeScripts>) &&
    PreTokenizerKinds::add("Sequence", make<PreTokenizer, Sequence>);

}  // namespace

}  // namespace moonlet
