// SPDX-License-Identifier: Apache-2.0
// The native calls of a decode step against the ops on tensors, for every family: the same network
// over a cache with pages and over one without. And what a token's numbers must not depend on.
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "core/random.h"
#include "ops/cpu/pool.h"
#include "ops/cpu/rows.h"
#include "ops/few_rows.h"
#include "ops/observer.h"
#include "support.h"
#include "tests/engine/ops/cpu/support.h"
#include "tests/support/paged_cache.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

// Products in f64, by row: the plainest kernel that native code can be given.
class PlainRows : public cpu::RowWeights {
  public:
    PlainRows(const at::Tensor& weight, const at::Tensor& bias) {
        weight_ = weight.to(at::kFloat).contiguous();
        if (bias.defined()) bias_ = bias.to(at::kFloat).contiguous();
    }
    int64_t in_features() const override { return weight_.size(1); }
    int64_t out_features() const override { return weight_.size(0); }
    Form form(bool) const override { return Form::f32; }
    void multiply(const cpu::Rows& x, int64_t begin, int64_t end, float* y,
                  int64_t stride) const override {
        const float* w = weight_.const_data_ptr<float>();
        for (int64_t row = 0; row < x.count; ++row)
            for (int64_t n = begin; n < end; ++n) {
                double sum = 0;
                for (int64_t i = 0; i < x.width; ++i)
                    sum += double(w[n * x.width + i]) * x.f32[row * x.width + i];
                y[row * stride + n - begin] = float(sum);
            }
    }
    const float* bias() const override {
        return bias_.defined() ? bias_.const_data_ptr<float>() : nullptr;
    }

  private:
    at::Tensor weight_, bias_;
};

// The same for whole layers; `native` says whether they hand it out.
bool native = true;

class PlainRowsWeight : public LinearWeight {
  public:
    explicit PlainRowsWeight(std::shared_ptr<LinearWeight> from)
        : from_(std::move(from)), rows_(from_->dense_weight(), from_->bias()) {}
    at::Tensor apply(const at::Tensor& x) const override {
        at::Tensor wide = x.to(at::kFloat).contiguous();
        cpu::Rows rows;
        rows.count = x.numel() / x.size(-1), rows.width = x.size(-1);
        rows.f32 = wide.const_data_ptr<float>();
        std::vector<int64_t> shape = x.sizes().vec();
        shape.back() = out_features();
        at::Tensor y = at::empty(shape, wide.options());
        rows_.multiply(rows, 0, out_features(), y.data_ptr<float>(), out_features());
        if (from_->bias().defined()) y = y + from_->bias().to(at::kFloat);
        return y.to(x.scalar_type());
    }
    int64_t in_features() const override { return from_->in_features(); }
    int64_t out_features() const override { return from_->out_features(); }
    size_t bytes() const override { return from_->bytes(); }
    const char* kind() const override { return "plain rows"; }
    at::Tensor dense_weight() const override { return from_->dense_weight(); }
    at::Tensor bias() const override { return from_->bias(); }
    const cpu::RowWeights* row_kernel() const override { return native ? &rows_ : nullptr; }

  private:
    std::shared_ptr<LinearWeight> from_;
    PlainRows rows_;
};

std::shared_ptr<Model> open(const std::string& name, at::ScalarType type) {
    auto model = load_model(folder_of(name), {type, "cpu"});
    for (const auto& named : model->parameters().linears()) {
        Linear linear = named.linear;
        linear.replace(std::make_shared<PlainRowsWeight>(linear.weight()));
    }
    return model;
}

at::Tensor random_ids(Random& random, int64_t rows, int64_t count, int64_t vocab) {
    at::Tensor ids = at::empty({rows, count}, at::kLong);
    for (int64_t i = 0; i < ids.numel(); ++i)
        ids.data_ptr<int64_t>()[i] = int64_t(random.below(uint64_t(vocab)));
    return ids;
}

// States of ids read in chunks of these sizes; rows begin with pads[b] positions of padding.
struct Reading {
    at::Tensor states;
    PagedCache cache;
};
Reading read(Model& model, const at::Tensor& ids, const std::vector<int64_t>& chunks,
             bool with_pages, KvPages::Type type, std::vector<int64_t> pads = {}) {
    at::NoGradGuard no_grad;
    const int64_t rows = ids.size(0), whole = ids.size(1);
    const bool padded = !pads.empty();
    if (!padded) pads.assign(size_t(rows), 0);
    PagedCache cache(model.num_hidden_layers(), pads, type, 5);
    cache.native = with_pages;
    at::Tensor mask = at::ones({rows, whole}, at::kBool);
    for (int64_t b = 0; b < rows; ++b) mask[b].narrow(0, 0, pads[size_t(b)]).fill_(false);
    std::vector<at::Tensor> parts;
    int64_t at = 0;
    for (int64_t n : chunks) {
        ModelInput input;
        input.ids = ids.narrow(1, at, n).contiguous();
        input.cache = &cache;
        input.lengths = at::full({rows, 1}, whole, at::kLong);
        if (padded) input.mask = mask.narrow(1, 0, at + n);
        parts.push_back(model.hidden(input));
        at += n;
    }
    return {at::cat(parts, 1), std::move(cache)};
}

// Largest difference, in parts of the largest number.
double apart(const at::Tensor& a, const at::Tensor& b) {
    return difference(a, b) / std::max(1e-30, b.abs().max().item().toDouble());
}

const std::vector<int64_t> kSteps = {4, 1, 3, 1, 1, 2};

std::vector<std::string> decoders() {
    std::vector<std::string> names;
    for (const std::string& name : golden_models())
        if (load_model(folder_of(name), {at::kFloat, "cpu"})->causal()) names.push_back(name);
    return names;
}

}  // namespace

TEST_CASE("a decode step over pages equals the ops on tensors, for every family") {
    Random random(1);
    for (const std::string& name : decoders())
        for (auto type : {at::kFloat, at::kBFloat16}) {
            auto model = open(name, type);
            at::Tensor ids = random_ids(random, 2, 12, model->vocab_size());
            const auto kind = type == at::kFloat ? KvPages::f32 : KvPages::bf16;
            native = false;
            Reading plain = read(*model, ids, kSteps, false, kind);
            native = true;
            Reading fused = read(*model, ids, kSteps, true, kind);
            INFO(name << " " << c10::toString(type));
            CHECK(apart(fused.states, plain.states) < (type == at::kFloat ? 1e-5 : 0.02));
            // Products, norms and rotation alone stand before the first layer's keys: not a bit
            // lies between.
            for (int64_t row : {0, 1})
                for (bool values : {false, true})
                    CHECK(at::equal(fused.cache.stored(0, row, values),
                                    plain.cache.stored(0, row, values)));
        }
}

TEST_CASE("keys and values in int8 stay close, for every family") {
    Random random(2);
    for (const std::string& name : decoders()) {
        auto model = open(name, at::kFloat);
        at::Tensor ids = random_ids(random, 1, 12, model->vocab_size());
        Reading plain = read(*model, ids, kSteps, false, KvPages::f32);
        Reading coarse = read(*model, ids, kSteps, true, KvPages::int8);
        INFO(name);
        // A router may send a token elsewhere.
        const bool routed = model->config().contains("num_experts_per_tok");
        CHECK(apart(coarse.states, plain.states) < (routed ? 0.5 : 0.1));
    }
}

TEST_CASE("tokens at once, rows together and any count of threads give the same bits") {
    Random random(3);
    for (const std::string& name : decoders())
        for (auto type : {at::kFloat, at::kBFloat16}) {
            auto model = open(name, type);
            // LibTorch multiplies the router, or ends a row of 18 with another tanh.
            if (model->model_type() == "gpt_oss" || name == "openai-gpt-untied") continue;
            at::Tensor ids = random_ids(random, 3, 12, model->vocab_size());
            const auto kind = type == at::kFloat ? KvPages::f32 : KvPages::int8;
            auto states = [&](const at::Tensor& some, const std::vector<int64_t>& chunks) {
                return read(*model, some, chunks, true, kind).states.narrow(1, 4, 8);
            };
            at::Tensor steps = states(ids, {4, 1, 1, 1, 1, 1, 1, 1, 1});
            INFO(name << " " << c10::toString(type));
            CHECK(at::equal(states(ids, {4, 5, 2, 1}), steps));
            CHECK(at::equal(states(ids, {4, 8}), steps));
            for (int64_t row : {0, 1, 2})
                CHECK(at::equal(states(ids.narrow(0, row, 1), {4, 3, 1, 4}),
                                steps.narrow(0, row, 1)));
            for (int threads : {1, 2}) {
                cpu::set_threads(threads);
                CHECK(at::equal(states(ids, {4, 5, 2, 1}), steps));
            }
            cpu::set_threads(0);
        }
}

TEST_CASE("rows of different lengths: the mask and the pages say the same") {
    Random random(4);
    for (const std::string& name : decoders()) {
        auto model = open(name, at::kFloat);
        at::Tensor ids = random_ids(random, 3, 12, model->vocab_size());
        const std::vector<int64_t> pads = {0, 3, 1};
        at::Tensor plain = read(*model, ids, kSteps, false, KvPages::f32, pads).states,
                   fused = read(*model, ids, kSteps, true, KvPages::f32, pads).states;
        INFO(name);
        for (int64_t row : {0, 1, 2}) {
            const int64_t pad = pads[size_t(row)];
            CHECK(apart(fused[row].narrow(0, pad, 12 - pad), plain[row].narrow(0, pad, 12 - pad)) <
                  1e-5);
        }
    }
}

TEST_CASE("whoever listens hears the ops on tensors") {
    struct Count : ops::Observer {
        int attentions = 0;
        void attention(const std::function<at::Tensor()>& probabilities) override {
            ++attentions;
            shape = probabilities().sizes().vec();
        }
        std::vector<int64_t> shape;
    } count;
    Random random(5);
    auto model = open("qwen3-gqa-tied", at::kFloat);
    at::Tensor ids = random_ids(random, 1, 6, model->vocab_size());
    at::Tensor quiet = read(*model, ids, {5, 1}, true, KvPages::f32).states;
    ops::Observing observing(count);
    at::Tensor heard = read(*model, ids, {5, 1}, true, KvPages::f32).states;
    CHECK(count.attentions == 2 * model->num_hidden_layers());
    CHECK(count.shape.back() == 6);
    CHECK(apart(heard, quiet) < 1e-5);
}
