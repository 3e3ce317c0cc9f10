// SPDX-License-Identifier: Apache-2.0
// The tokens that stand beside the model's vocabulary ("added_tokens" of a tokenizer.json): found
// in the text before the model sees it, longest first. Those with normalized = false are looked for
// in the given text, the others in the normalized one. And the whole of a tokenizer's parts.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tokenizers/pipeline.h"

namespace moonlet {

struct AddedToken {
    std::string content;
    bool single_word = false;  // not inside of a word
    bool lstrip = false;       // takes the white space before it
    bool rstrip = false;       // takes the white space behind it
    bool normalized = true;
    bool special = false;
};

class AddedTokens {
  public:
    AddedTokens() = default;
    // From the array; `normalizer` may be null. A token that the model does not know gets the next
    // free id, whatever the file says (as in Hugging Face's library).
    AddedTokens(const Json& array, const TokenModel& model, const Normalizer* normalizer);

    // Cuts the pieces at added tokens and normalizes what is in between.
    void extract(Pieces& pieces, const Normalizer* normalizer) const;

    std::optional<int> find(const std::string& content) const;
    const AddedToken* token(int id) const;
    // The form that decoding shows: the normalized one.
    const std::string* shown(int id) const;
    bool is_special(const std::string& shown) const { return special_.count(shown) > 0; }
    int highest_id() const { return highest_; }

  private:
    // Finds the longest pattern at a place.
    class Trie {
      public:
        void add(std::string_view pattern, int id);
        bool empty() const { return nodes_.size() == 1; }
        // The first match at or behind `from`: {begin, end, id}, id -1 when there is none.
        struct Match {
            size_t begin, end;
            int id;
        };
        Match find(std::string_view text, size_t from) const;

      private:
        struct Node {
            std::vector<std::pair<unsigned char, uint32_t>> next;
            int id = -1;
        };
        std::vector<Node> nodes_{1};
        std::array<bool, 256> starts_{};
    };

    void cut(const Piece& piece, const Trie& trie, std::vector<Piece>& out) const;

    std::unordered_map<std::string, int> ids_;
    std::unordered_map<int, AddedToken> tokens_;
    std::unordered_map<int, std::string> normal_;  // where normalizing changes the content
    std::unordered_set<std::string> special_;
    Trie given_, normalized_;
    int highest_ = -1;
};

// A whole tokenizer.
struct Pipeline {
    Json json;  // what it was made from
    AddedTokens added;
    std::unique_ptr<Normalizer> normalizer;  // these four may be absent, but not the model
    std::unique_ptr<PreTokenizer> pre_tokenizer;
    std::unique_ptr<TokenModel> model;
    std::unique_ptr<PostProcessor> post_processor;
    std::unique_ptr<Decoder> decoder;

    // The spellings of `ids`, those of no token left out, special ones too if `skip_special`.
    std::vector<std::string> spellings(const std::vector<int>& ids, bool skip_special) const;
    // The text of spellings.
    std::string decode(std::vector<std::string> spellings) const;
};

}  // namespace moonlet
