// SPDX-License-Identifier: Apache-2.0
// The parts of a tokenizer.json and how each kind registers: one class per kind, one registration
// line behind it. A part is made from its JSON object, is immutable and thread-safe, and throws
// Error naming what it does not understand. To add a kind: a class, and
//     const bool registered = NormalizerKinds::add("Name", make<Name>);
// in a file of this folder.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/registry.h"
#include "tokenizers/pieces.h"

namespace moonlet {

class Normalizer {
  public:
    virtual ~Normalizer() = default;
    virtual void apply(AlignedText& text) const = 0;
};

class PreTokenizer {
  public:
    virtual ~PreTokenizer() = default;
    virtual void apply(Pieces& pieces) const = 0;
};

struct Token {
    int id;
    size_t begin, end;  // bytes of the piece
};

class TokenModel {
  public:
    virtual ~TokenModel() = default;
    // Appends the tokens of one piece. Error: an unknown token is needed and there is none.
    virtual void tokenize(std::string_view piece, std::vector<Token>& out) const = 0;
    // The same for a piece whose bytes stand for byte-level characters; begin and end count those
    // bytes. Only called where takes_bytes().
    virtual void tokenize_bytes(std::string_view, std::vector<Token>&) const {}
    virtual bool takes_bytes() const { return false; }
    // Is the token spelled as the text it stands for, not as in the vocabulary (Unigram's unknown)?
    virtual bool spelled_as_text(int /*id*/) const { return false; }
    virtual std::optional<int> token_to_id(std::string_view token) const = 0;
    virtual std::optional<std::string_view> id_to_token(int id) const = 0;
    virtual size_t entries() const = 0;  // tokens in the vocabulary
    virtual int highest_id() const = 0;  // -1 when empty
    virtual std::string name() const = 0;
    virtual size_t memory() const = 0;
};

// One token on its way out. `text` is its spelling where that is not the vocabulary's (an added
// token as it stood in the text, a template's own), else null; trimming offsets needs it.
struct OutToken {
    int id;
    std::pair<size_t, size_t> offset;
    std::string_view text;
    int type = 0;       // the segment, as BERT's token_type_ids
    int sequence = -1;  // of which given text, 0 or 1; -1: a post-processor's own
};

// What a post-processor works on: the first text, the second if there is one; templates put parts
// of their own between. `overflow`: what truncation cut off, whose types stay as they are.
struct OutPart {
    std::vector<OutToken> tokens;
    std::string_view source;  // the given text
    bool overflow = false;
};

class PostProcessor {
  public:
    virtual ~PostProcessor() = default;
    struct Wanted {
        bool special, offsets;  // add the special tokens; somebody looks at offsets
        std::function<std::string_view(const OutToken&)> spelling;  // the text of a token
    };
    virtual void apply(std::vector<OutPart>& parts, const Wanted& wanted) const = 0;
    // How many tokens it adds to one text, or to two.
    virtual size_t added(bool /*pair*/) const { return 0; }
    // Does the second text come first? What overflows is counted in the order of the texts.
    virtual bool second_first() const { return false; }
};

class Decoder {
  public:
    virtual ~Decoder() = default;
    virtual void apply(std::vector<std::string>& tokens) const = 0;
};

struct NormalizerTag {
    static constexpr const char* kKind = "normalizer";
};
struct PreTokenizerTag {
    static constexpr const char* kKind = "pre-tokenizer";
};
struct ModelTag {
    static constexpr const char* kKind = "tokenizer model";
};
struct PostProcessorTag {
    static constexpr const char* kKind = "post-processor";
};
struct DecoderTag {
    static constexpr const char* kKind = "decoder";
};

template <class Part>
using Make = std::unique_ptr<Part> (*)(const Json& json, const std::string& where);

using NormalizerKinds = Registry<Make<Normalizer>, NormalizerTag>;
using PreTokenizerKinds = Registry<Make<PreTokenizer>, PreTokenizerTag>;
using ModelKinds = Registry<Make<TokenModel>, ModelTag>;
using PostProcessorKinds = Registry<Make<PostProcessor>, PostProcessorTag>;
using DecoderKinds = Registry<Make<Decoder>, DecoderTag>;

// The usual maker: T has a constructor T(const Json&, const std::string& where).
template <class Part, class T>
std::unique_ptr<Part> make(const Json& json, const std::string& where) {
    return std::make_unique<T>(json, where);
}

// Makes the part whose "type" is registered. `where` is the path in the file ("pre_tokenizer").
template <class Kinds>
auto make_part(const Json& json, const std::string& where);

// The parts of a "Sequence", whose members stand under `key`.
template <class Kinds>
auto make_parts(const Json& json, const char* key, const std::string& where);

// Reading one field; Error names the field and what it should be.
std::string string_field(const Json& json, const char* key, const std::string& where,
                         std::optional<std::string> fallback = std::nullopt);
bool bool_field(const Json& json, const char* key, const std::string& where,
                std::optional<bool> fallback = std::nullopt);
int64_t integer_field(const Json& json, const char* key, const std::string& where,
                      std::optional<int64_t> fallback = std::nullopt);
// A field that is an object or an array of the right shape, else Error.
const Json& object_field(const Json& json, const char* key, const std::string& where);
const Json& array_field(const Json& json, const char* key, const std::string& where);
// {"String": "x"} or {"Regex": "x"}: finds its matches in a text.
class TextPattern {
  public:
    TextPattern(const Json& json, const std::string& where);
    void find_all(std::string_view text, Ranges& out) const;

  private:
    std::string literal_;
    std::shared_ptr<Regex> regex_;
};

template <class Kinds>
auto make_part(const Json& json, const std::string& where) {
    if (!json.is_object())
        throw Error(where + " is " + quote(dump_json(json, -1), 40), "an object with a \"type\"");
    std::string type = string_field(json, "type", where);
    if (!Kinds::has(type)) {
        try {
            Kinds::get(type);
        } catch (const Error& e) {
            throw Error(where + ": " + e.what());
        }
    }
    return Kinds::get(type)(json, where + "(" + type + ")");
}

template <class Kinds>
auto make_parts(const Json& json, const char* key, const std::string& where) {
    std::vector<decltype(make_part<Kinds>(json, where))> parts;
    size_t n = 0;
    for (const Json& part : array_field(json, key, where))
        parts.push_back(make_part<Kinds>(part, where + "[" + std::to_string(n++) + "]"));
    return parts;
}

}  // namespace moonlet
