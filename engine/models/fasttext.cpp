// SPDX-License-Identifier: Apache-2.0
// A bag of n-grams (Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"): each
// token and each run of 2 to max_ngram tokens has a vector, runs by a hash into `buckets`; the
// state of a position is the sum of the vectors that end there, and the mean of the states is the
// text. An n-gram counts once in a text, however
// often it stands there ("ㅋㅋㅋㅋ" is one laugh). Over characters (tokenizers.train{kind =
// "char"}) these are the character n-grams that carry Korean and other languages without blanks
// where words end. No attention, no order beyond the n-gram: the strong plain baseline of
// classification, and quick. An encoder: pool it, put a head on it.
#include <cmath>

#include "core/error.h"
#include "formats/config.h"
#include "models/inputs.h"
#include "models/model.h"
#include "ops/embedding.h"

namespace moonlet {

namespace {

class FastText : public Model {
  public:
    FastText(const Config& c, Parameters& p) : p_(p) {
        vocab_size_ = c.size("vocab_size");
        hidden_size_ = c.size("hidden_size", 32);
        buckets_ = c.size("buckets", 65536);
        max_ngram_ = c.size("max_ngram", 4);
        num_hidden_layers_ = 0;
        const Init init{Init::normal, c.number("initializer_range", 0.05)};
        tokens_ = p.tensor("tokens.weight", {vocab_size_, hidden_size_}, init);
        if (max_ngram_ > 1) ngrams_ = p.tensor("ngrams.weight", {buckets_, hidden_size_}, init);
    }

    at::Tensor hidden(const ModelInput& given) override {
        PreparedInput input = prepare(given, false, p_);
        // The run's tokens must all count, and stand in one document.
        at::Tensor counts = given.mask.defined() ? given.mask.to(input.ids.device())
                                                 : at::ones_like(input.ids, at::kBool);
        // together[b, i, j]: j counts and stands in the document of i.
        at::Tensor documents = given.documents.defined() ? given.documents.to(input.ids.device())
                                                         : at::zeros_like(input.ids);
        at::Tensor together = documents.unsqueeze(2).eq(documents.unsqueeze(1));
        together = together.logical_and_(counts.unsqueeze(1));
        at::Tensor x = ops::embedding(tokens_, input.ids, "token id");
        x = x * first_of_its_kind(input.ids, counts, together).unsqueeze(-1).to(x.scalar_type());
        at::Tensor hash = input.ids + 1, whole = counts;
        const int64_t length = input.ids.size(1);
        for (int64_t n = 2; n <= std::min(max_ngram_, length); ++n) {
            // Runs of n end at positions n-1 …; what was the hash of n-1 goes on by one token.
            at::Tensor next = input.ids.narrow(1, n - 1, length - n + 1);
            hash = hash.narrow(1, 0, length - n + 1) * kPrime + next + 1;
            whole = whole.narrow(1, 0, length - n + 1) & counts.narrow(1, n - 1, length - n + 1);
            at::Tensor inside = whole & (documents.narrow(1, 0, length - n + 1) ==
                                         documents.narrow(1, n - 1, length - n + 1));
            at::Tensor mixed = hash.bitwise_xor(at::bitwise_right_shift(hash, 29));
            at::Tensor rows = at::remainder(mixed * kPrime + n, buckets_);
            at::Tensor vectors = ops::embedding(ngrams_, rows, "n-gram");
            at::Tensor near = together.narrow(1, n - 1, length - n + 1)
                                  .narrow(2, n - 1, length - n + 1)
                                  .logical_and(inside.unsqueeze(1));
            at::Tensor first = first_of_its_kind(rows, inside, near);
            vectors = vectors * first.unsqueeze(-1).to(x.scalar_type());
            x = x + at::constant_pad_nd(vectors, {0, 0, n - 1, 0});
        }
        // Long texts average more vectors: scaled so that the mean is of one size.
        return x * together.sum(2, true).clamp_min(1).to(x.scalar_type()).sqrt();
    }

  private:
    // True where rows [B, T] counts and no earlier one of the same document has the same value.
    static at::Tensor first_of_its_kind(const at::Tensor& rows, const at::Tensor& counts,
                                        const at::Tensor& together) {
        at::Tensor same = rows.unsqueeze(2).eq(rows.unsqueeze(1)).logical_and_(together);
        return counts & same.tril(-1).any(2).logical_not();
    }

    static constexpr int64_t kPrime = 0x01000193;  // FNV's; products wrap around 64 bits
    Parameters& p_;
    int64_t buckets_, max_ngram_;
    at::Tensor tokens_, ngrams_;
};

std::unique_ptr<Model> make(const Json& config, Parameters& parameters) {
    return std::make_unique<FastText>(Config(config, "config.json"), parameters);
}

Json default_config() {
    return {{"architectures", {"FastTextModel"}},
            {"vocab_size", 3000},
            {"hidden_size", 32},
            {"buckets", 65536},
            {"max_ngram", 4},
            {"initializer_range", 0.05}};
}

}  // namespace

MOONLET_FAMILY(fasttext, make, false, default_config, "model.",
               {.score = "classifier", .bias = true})

}  // namespace moonlet
