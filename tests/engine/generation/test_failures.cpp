// SPDX-License-Identifier: Apache-2.0
// What goes wrong while text is written: an interrupt at any call of the network, weights that are
// no numbers, prompts as long as the context or longer, memory that is not there. Each time one
// clear error or a marked beginning of the answer, and the next call is right.
#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "core/error.h"
#include "core/interrupt.h"
#include "generation/context.h"
#include "ops/grad.h"
#include "tiny.h"

using namespace moonlet;
using test::some_ids;

namespace {

struct ResetInterrupt {
    ~ResetInterrupt() { interrupt::reset(); }
};

// Presses Ctrl-C when the network is called for the n-th time: it stands before the first product
// of the first layer.
class Pressing final : public LinearWeight {
  public:
    Pressing(std::shared_ptr<LinearWeight> inner, int& left)
        : inner_(std::move(inner)), left_(left) {}
    at::Tensor apply(const at::Tensor& x) const override {
        if (--left_ == 0) interrupt::flag() = int(interrupt::State::requested);
        return inner_->apply(x);
    }
    int64_t in_features() const override { return inner_->in_features(); }
    int64_t out_features() const override { return inner_->out_features(); }
    size_t bytes() const override { return inner_->bytes(); }
    const char* kind() const override { return "pressing"; }
    at::Tensor dense_weight() const override { return inner_->dense_weight(); }
    at::Tensor bias() const override { return inner_->bias(); }

  private:
    std::shared_ptr<LinearWeight> inner_;
    int& left_;
};

std::shared_ptr<LanguageModel> pressing(int& left) {
    auto model = test::tiny();
    auto linears = model->network->parameters().linears();
    REQUIRE(!linears.empty());
    Linear first = linears[0].linear;
    first.replace(std::make_shared<Pressing>(first.weight(), left));
    return model;
}

GenerateOptions options(double temperature, int max_tokens = 24) {
    GenerateOptions o;
    o.temperature = temperature;
    o.seed = 11;
    o.max_tokens = max_tokens;
    o.ignore_eos = true;
    return o;
}

// A weight for the time of a test case: changed in place, put back by mend().
struct Broken {
    at::Tensor weight, before;
    Broken(LanguageModel& model, const std::string& name, float value) {
        for (auto& entry : model.network->parameters().entries())
            if (entry.name.find(name) != std::string::npos) weight = entry.tensor;
        REQUIRE(weight.defined());
        at::NoGradGuard no_grad;
        before = weight.clone();
        weight.fill_(value);
    }
    void mend() {
        at::NoGradGuard no_grad;
        weight.copy_(before);
    }
};

}  // namespace

TEST_CASE("an interrupt at any call leaves a beginning, and the next call is right", "[failures]") {
    ResetInterrupt reset;
    const std::vector<int> prompt = some_ids(90), other = some_ids(50, 2);
    for (double temperature : {0.0, 0.9}) {
        for (const char* drafts : {"none", "ngram", "model"}) {
            INFO(drafts << ", temperature " << temperature);
            int left = std::numeric_limits<int>::max();
            GenerateOptions o = options(temperature);
            o.draft_ngram = drafts[0] == 'n' && drafts[1] == 'g';
            o.ngram_min = 1;
            if (drafts[0] == 'm') o.draft_model = pressing(left);
            auto model = pressing(left);
            const int before = left;
            const auto whole = generate(*model, prompt, o);
            const auto elsewhere = generate(*test::tiny(), other, o);
            REQUIRE(whole.finish_reason == "length");
            left = before;
            model = pressing(left);
            if (o.draft_model) o.draft_model = pressing(left);
            REQUIRE(generate(*model, prompt, o).tokens == whole.tokens);
            const int calls = before - left;
            REQUIRE(calls > 5);
            for (int n = 1; n <= calls; ++n) {
                INFO("call " << n << " of " << calls);
                // A model that has read nothing takes as many calls as the first one did.
                model->forget();
                if (o.draft_model) o.draft_model->forget();
                std::string streamed;
                left = n;
                auto partial = generate(*model, prompt, o, [&](const std::string& piece) {
                    streamed += piece;
                    return true;
                });
                CHECK(partial.finish_reason == "interrupt");
                REQUIRE(partial.tokens.size() < whole.tokens.size());
                CHECK(
                    std::equal(partial.tokens.begin(), partial.tokens.end(), whole.tokens.begin()));
                CHECK(partial.text == model->tokenizer->decode(partial.tokens, true));
                CHECK(partial.text.compare(0, streamed.size(), streamed) == 0);
                CHECK(interrupt::flag() == int(interrupt::State::delivered));
                interrupt::reset();
                left = std::numeric_limits<int>::max();
                if (n % 3 == 0) CHECK(generate(*model, other, o).tokens == elsewhere.tokens);
                CHECK(generate(*model, prompt, o).tokens == whole.tokens);
            }
        }
    }
}

TEST_CASE("an interrupt while scoring: nothing partial, and the next call is right", "[failures]") {
    ResetInterrupt reset;
    int left = std::numeric_limits<int>::max();
    auto model = pressing(left);
    const auto ids = some_ids(200);
    const at::Tensor whole = logits_of(*model, ids);
    for (int n : {1, 2, 3}) {
        left = n;
        CHECK_THROWS_AS(logits_of(*model, ids), Interrupted);
        interrupt::reset();
        left = std::numeric_limits<int>::max();
        CHECK(at::equal(logits_of(*model, ids), whole));
    }
}

TEST_CASE("weights that are no numbers: an error that says so, and mended the model is right",
          "[failures]") {
    const auto prompt = some_ids(70);
    for (double temperature : {0.0, 0.8}) {
        GenerateOptions o = options(temperature, 12);
        const auto wanted = generate(*test::tiny(), prompt, o).tokens;
        for (bool ngram : {false, true}) {
            o.draft_ngram = ngram;
            auto model = test::tiny();
            for (const char* name : {"embed_tokens", "layers.0", "layers.1", "model.norm"}) {
                for (float value : {NAN, INFINITY, -INFINITY}) {
                    INFO(name << " " << value << ", temperature " << temperature);
                    Broken broken(*model, name, value);
                    // Greedy or not, NaN or infinite: what the logits became is what is told.
                    CHECK_THROWS_WITH(generate(*model, prompt, o),
                                      Catch::Contains("NaN") || Catch::Contains("infinite"));
                    CHECK_THROWS_WITH(next_tokens(*model, prompt, 3),
                                      Catch::Contains("NaN") || Catch::Contains("infinite"));
                    broken.mend();
                    CHECK(generate(*model, prompt, o).tokens == wanted);
                }
            }
        }
    }
}

TEST_CASE("a draft model without numbers is named", "[failures]") {
    auto model = test::tiny(), draft = test::tiny();
    draft->name = "small";
    for (double temperature : {0.0, 0.8}) {
        GenerateOptions o = options(temperature, 12);
        const auto wanted = generate(*model, some_ids(20), o).tokens;
        o.draft_model = draft;
        Broken broken(*draft, "model.norm", NAN);
        CHECK_THROWS_WITH(generate(*model, some_ids(20), o),
                          Catch::Contains("draft model small") && Catch::Contains("NaN"));
        broken.mend();
        if (temperature == 0) CHECK(generate(*model, some_ids(20), o).tokens == wanted);
        o.draft_model = nullptr;
        CHECK(generate(*model, some_ids(20), o).tokens == wanted);
    }
}

TEST_CASE("prompts up to the context and beyond", "[failures]") {
    auto model = test::tiny();
    for (bool ngram : {false, true}) {
        GenerateOptions o = options(0);
        o.draft_ngram = ngram;
        const auto wanted = generate(*model, some_ids(100), o).tokens;
        auto last = generate(*model, some_ids(255), o);
        CHECK(last.tokens.size() == 1);
        CHECK(last.finish_reason == "length");
        for (int length : {256, 257, 5000})
            CHECK_THROWS_WITH(generate(*model, some_ids(length), o),
                              Catch::Contains(std::to_string(length)) && Catch::Contains("256"));
        CHECK(generate(*model, some_ids(100), o).tokens == wanted);
    }
    CHECK(logits_of(*model, some_ids(256)).size(0) == 256);
    CHECK_THROWS_WITH(logits_of(*model, some_ids(257)), Catch::Contains("257 tokens"));
    CHECK(next_tokens(*model, some_ids(256), 3).size() == 3);
    CHECK_THROWS_WITH(next_tokens(*model, some_ids(257), 3), Catch::Contains("257 tokens"));
    std::string text;
    for (int i = 0; i < 400; ++i) text += "word ";
    CHECK(embed(*model, {text}).size(0) == 1);  // texts to embed are cut
    CHECK_THROWS_WITH(loglikelihood(*model, text, " end"), Catch::Contains("256"));
}
