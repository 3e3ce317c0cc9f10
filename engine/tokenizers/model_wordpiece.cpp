// SPDX-License-Identifier: Apache-2.0
// WordPiece (Schuster & Nakajima 2012; as in BERT): the longest token that fits, again and again;
// a word with a part that fits nothing is unknown as a whole. And WordLevel: whole words only.
#include "core/error.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/vocabulary.h"

namespace moonlet {

namespace {

// A model that is a vocabulary and an unknown token.
class WordModel : public TokenModel {
  public:
    WordModel(const Json& json, const std::string& where)
        : vocabulary_(object_field(json, "vocab", where), where + ".vocab"),
          unknown_(string_field(json, "unk_token", where)),
          unknown_id_(vocabulary_.find(unknown_)) {}

    std::optional<int> token_to_id(std::string_view token) const override {
        int id = vocabulary_.find(token);
        return id < 0 ? std::nullopt : std::optional<int>(id);
    }
    std::optional<std::string_view> id_to_token(int id) const override {
        return vocabulary_.token(id);
    }
    size_t entries() const override { return vocabulary_.size(); }
    int highest_id() const override { return vocabulary_.highest_id(); }
    size_t memory() const override { return vocabulary_.memory(); }

  protected:
    void unknown(std::string_view piece, std::vector<Token>& out) const {
        if (unknown_id_ < 0)
            throw Error("the tokenizer does not know " + quote(piece) + " and its unknown token " +
                        quote(unknown_) + " is not in the vocabulary");
        out.push_back({unknown_id_, 0, piece.size()});
    }

    Vocabulary vocabulary_;
    std::string unknown_;
    int unknown_id_;
};

class WordPiece : public WordModel {
  public:
    WordPiece(const Json& json, const std::string& where)
        : WordModel(json, where),
          prefix_(string_field(json, "continuing_subword_prefix", where, "##")),
          longest_word_(integer_field(json, "max_input_chars_per_word", where, 100)) {}

    void tokenize(std::string_view piece, std::vector<Token>& out) const override {
        int64_t characters = 0;
        for (char c : piece) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
        if (characters > longest_word_) return unknown(piece, out);
        size_t first = out.size(), start = 0;
        std::string spelled;
        while (start < piece.size()) {
            int id = -1;
            spelled = start > 0 ? prefix_ : "";
            size_t head = spelled.size();
            size_t end = std::min(piece.size(), start + vocabulary_.longest());
            while (end < piece.size() && (static_cast<unsigned char>(piece[end]) & 0xC0) == 0x80)
                --end;
            spelled.append(piece, start, end - start);
            while (end > start) {
                id = vocabulary_.find(spelled);
                if (id >= 0) break;
                do --end;
                while (end > start && (static_cast<unsigned char>(piece[end]) & 0xC0) == 0x80);
                spelled.resize(head + end - start);
            }
            if (id < 0) {
                out.resize(first);
                return unknown(piece, out);
            }
            out.push_back({id, start, end});
            start = end;
        }
    }
    std::string name() const override { return "WordPiece"; }

  private:
    std::string prefix_;
    int64_t longest_word_;
};

class WordLevel : public WordModel {
  public:
    using WordModel::WordModel;
    void tokenize(std::string_view piece, std::vector<Token>& out) const override {
        int id = vocabulary_.find(piece);
        if (id < 0) return unknown(piece, out);
        out.push_back({id, 0, piece.size()});
    }
    std::string name() const override { return "WordLevel"; }
};

const bool registered = ModelKinds::add("WordPiece", make<TokenModel, WordPiece>) &&
                        ModelKinds::add("WordLevel", make<TokenModel, WordLevel>);

}  // namespace

}  // namespace moonlet
