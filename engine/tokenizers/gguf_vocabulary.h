// SPDX-License-Identifier: Apache-2.0
// The vocabulary in a GGUF file's metadata (tokenizer.ggml.*) as a tokenizer.json, and a tokenizer
// as such metadata. The models of the format: gpt2 (byte-level BPE, cut as `pre` says), gemma4 (BPE
// over characters), llama (sentencepiece's BPE: pieces with scores), bert (WordPiece), t5
// (Unigram). What GGUF cannot say of a tokenizer.json (normalizer, flags of added tokens, …) our
// own files carry in the entry moonlet.tokenizer, so that they give back the very same tokenizer.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "formats/gguf.h"
#include "formats/gguf_write.h"
#include "tokenizers/tokenizer.h"

namespace moonlet {

// Error: no vocabulary, arrays that do not fit together, a model or `pre` type that is not known.
Json tokenizer_json_from_gguf(const Gguf& gguf);

// What a vocabulary is to be written with; -1: none.
struct GgufVocabularyOptions {
    int bos = -1, eos = -1, unknown = -1, padding = -1, separator = -1, mask = -1;
    size_t tokens = 0;  // rows of the model's embedding; unused ones fill up ("[PAD123]")
};

// The tokenizer.ggml.* entries with which llama.cpp gives the same ids, and moonlet.tokenizer. BOS
// and EOS are added as the post-processor does. Error, saying why, where llama.cpp has nothing that
// tokenizes in this way.
std::vector<GgufEntry> gguf_vocabulary(const Tokenizer& tokenizer,
                                       const GgufVocabularyOptions& options = {});

}  // namespace moonlet
