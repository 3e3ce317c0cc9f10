// SPDX-License-Identifier: Apache-2.0
// A tokenizer: text to the model's ids and back, exactly as Hugging Face `tokenizers` does it from
// the same tokenizer.json (added tokens -> normalizer -> pre-tokenizer -> model -> post-processor
// -> decoder). Immutable after loading and thread-safe. It knows no chat template, no model and no
// Lua.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "tokenizers/encoding.h"

namespace moonlet {

struct Pipeline;  // the parts, see pipeline.h

class Tokenizer {
  public:
    // Opens a folder that holds tokenizer.json, or a file: tokenizer.json, tekken.json, a tiktoken
    // rank file (`encoding` names what it does not say, see tiktoken.h; "" guesses).
    // Error: missing, not JSON, or a kind of normalizer/pre-tokenizer/model/... that is not known.
    static std::shared_ptr<Tokenizer> load(const std::string& path,
                                           const std::string& encoding = "");
    // The same from a parsed tokenizer.json; `what` names it in errors.
    static std::shared_ptr<Tokenizer> from_json(Json json, const std::string& what);
    ~Tokenizer();
    Tokenizer(const Tokenizer&) = delete;
    Tokenizer& operator=(const Tokenizer&) = delete;

    // The ids of `text`. `special`: let the post-processor add its tokens; special tokens written
    // out in the text are recognised either way. Invalid UTF-8 is read as U+FFFD.
    std::vector<int> encode(std::string_view text, bool special = true) const;
    Encoding encode_with_offsets(std::string_view text, bool special = true) const;
    // Two texts as the model's post-processor joins them (question and context, two sentences).
    Encoding encode_pair(std::string_view first, std::string_view second,
                         bool special = true) const;
    // The same cut and padded as `options` say; without a `second` one text. Error: a cut that
    // cannot be made, padding without a padding token.
    Encoding encode_full(std::string_view first, const std::string_view* second,
                         const EncodeOptions& options) const;
    // One encoding per text on all cores; `seconds` is empty or as long as `firsts`. Padding fits
    // the longest of the batch. `threads` 0: as many as the machine has. Interrupted: Ctrl-C.
    std::vector<Encoding> encode_batch(const std::vector<std::string>& firsts,
                                       const std::vector<std::string>& seconds,
                                       const EncodeOptions& options, unsigned threads = 0) const;
    // The same without offsets and without cutting: only the ids.
    std::vector<std::vector<int>> encode_ids_batch(const std::vector<std::string>& texts,
                                                   bool special = true, unsigned threads = 0) const;
    std::vector<std::string> decode_batch(const std::vector<std::vector<int>>& ids,
                                          bool skip_special = false, unsigned threads = 0) const;
    // The text of `ids`; ids that stand for nothing are passed over, as Hugging Face does.
    std::string decode(const std::vector<int>& ids, bool skip_special = false) const;

    size_t vocab_size() const;  // highest id + 1, added tokens included
    std::optional<int> token_to_id(const std::string& token) const;
    std::string id_to_token(int id) const;  // Error: no such id
    bool is_special(int id) const;

    const Json& json() const;                  // what it was made from
    void save(const std::string& path) const;  // tokenizer.json, atomically; a folder may be named
    std::string describe() const;              // "BPE · 50257 tokens"
    size_t bytes() const;                      // memory held, approximate

  private:
    Tokenizer();
    friend class DecodeStream;
    Padding padding(const EncodeOptions& options, bool pair) const;
    std::unique_ptr<Pipeline> pipeline_;
};

// Decodes a stream of ids. push returns only what no later token can change: never half a UTF-8
// sequence; "" when there is nothing to say yet. finish returns the rest, U+FFFD for what stayed
// broken, and makes the stream fresh. The pieces put together are the decode() of all ids.
class DecodeStream {
  public:
    DecodeStream(std::shared_ptr<const Tokenizer> tokenizer, bool skip_special);
    std::string push(int id);
    std::string finish();

  private:
    std::shared_ptr<const Tokenizer> tokenizer_;
    bool skip_special_, joins_bytes_;
    std::vector<int> ids_;  // what decoding still needs
    size_t given_ = 0;      // bytes of decode(ids_) already returned
};

}  // namespace moonlet
