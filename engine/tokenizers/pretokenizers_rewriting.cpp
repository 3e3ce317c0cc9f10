// SPDX-License-Identifier: Apache-2.0
// ByteLevel (GPT-2) and Metaspace (sentencepiece): pre-tokenizers that rewrite the text they cut.
// ByteLevel only marks its pieces as bytes; they are written out when someone asks for the text.
#include "core/error.h"
#include "tokenizers/byte_level.h"
#include "tokenizers/pipeline.h"

namespace moonlet {

namespace {

class ByteLevel : public PreTokenizer {
  public:
    ByteLevel(const Json& json, const std::string& where)
        : prefix_space_(bool_field(json, "add_prefix_space", where)),
          regex_(bool_field(json, "use_regex", where, true)) {}

    void apply(Pieces& pieces) const override {
        static const Regex words(byte_level::kWords);
        Ranges found;
        pieces.cut([&](const Piece& given, std::vector<Piece>& out) {
            Piece piece = given;
            if (prefix_space_ && piece.view()[0] != ' ') {
                AlignedText& text = pieces.own(piece);
                text.prepend(" ");
                piece = Piece{&text, 0, text.size()};
            }
            size_t first = out.size();
            found.clear();
            if (regex_) words.find_all(piece.view(), found);
            if (regex_) cut_at(piece, found, Behavior::isolated, false, out);
            else out.push_back(piece);
            for (size_t i = first; i < out.size(); ++i) out[i].bytes = true;
        });
    }

  private:
    bool prefix_space_, regex_;
};

class Metaspace : public PreTokenizer {
  public:
    Metaspace(const Json& json, const std::string& where)
        : mark_(string_field(json, "replacement", where)),
          scheme_(string_field(json, "prepend_scheme", where, "always")),
          split_(bool_field(json, "split", where, true)) {
        if (!bool_field(json, "add_prefix_space", where, true)) {
            if (json.contains("prepend_scheme") && scheme_ != "never")
                throw Error(where + " has add_prefix_space = false and prepend_scheme = " +
                                quote(scheme_), "\"never\"");
            scheme_ = "never";
        }
        if (scheme_ != "always" && scheme_ != "first" && scheme_ != "never")
            throw Error(where + ".prepend_scheme is " + quote(scheme_),
                        "\"always\", \"first\" or \"never\"");
        if (mark_.empty()) throw Error(where + ".replacement is empty", "one character");
    }

    void apply(Pieces& pieces) const override {
        pieces.cut([&](const Piece& piece, std::vector<Piece>& out) {
            AlignedText& text = pieces.own(piece);
            text.replace(occurrences(text.view(), " "), mark_);
            bool at_start = piece.source(0, piece.end - piece.begin).first == 0;
            bool wanted = scheme_ == "always" || (scheme_ == "first" && at_start);
            if (wanted && text.view().substr(0, mark_.size()) != mark_) text.prepend(mark_);
            Piece whole{&text, 0, text.size()};
            if (split_)
                cut_at(whole, occurrences(text.view(), mark_), Behavior::merged_with_next, false,
                       out);
            else
                out.push_back(whole);
        });
    }

  private:
    std::string mark_, scheme_;
    bool split_;
};

const bool registered = PreTokenizerKinds::add("ByteLevel", make<PreTokenizer, ByteLevel>) &&
                        PreTokenizerKinds::add("Metaspace", make<PreTokenizer, Metaspace>);

}  // namespace

}  // namespace moonlet
