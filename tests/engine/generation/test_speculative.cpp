// SPDX-License-Identifier: Apache-2.0
// Speculative decoding against plain decoding: greedy the same ids whatever drafts, sampled the
// model's own distribution (chi-square against filtered_probabilities, which test_sampler holds
// against transformers), and the same ends: length, stop strings, end tokens, callbacks. Seeds are
// fixed, so that a test of chance gives the same numbers every time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <map>

#include "core/error.h"
#include "formats/safetensors.h"
#include "generation/context.h"
#include "generation/draft.h"
#include "generation/ngram.h"
#include "generation/sampler.h"
#include "models/sources.h"
#include "ops/grad.h"
#include "tiny.h"

using namespace moonlet;
using test::some_ids;

namespace {

using Model_ = std::shared_ptr<LanguageModel>;

// The tiny model with noise on its weights: a draft that is right often, not always.
Model_ noisy(double amount, at::ScalarType dtype = at::kFloat) {
    Model_ model = test::tiny(dtype);
    at::NoGradGuard no_grad;
    auto generator = at::detail::createCPUGenerator(3);
    for (auto& entry : model->network->parameters().entries()) {
        at::Tensor weight = entry.tensor;
        weight.add_(at::randn(weight.sizes(), generator, at::kFloat).mul_(amount).to(dtype));
    }
    return model;
}

// Text that repeats itself, as code and quotations do.
std::vector<int> repeating(int count, int period = 7) {
    std::vector<int> ids;
    for (int i = 0; i < count; ++i) ids.push_back(6 + (i % period) * 31);
    return ids;
}

GenerateOptions greedy(int max_tokens = 60) {
    GenerateOptions o;
    o.max_tokens = max_tokens;
    o.ignore_eos = true;
    return o;
}

struct Drafts {
    const char* name;
    void (*set)(GenerateOptions&, const Model_& self, at::ScalarType dtype);
};
const Drafts kDrafts[] = {
    {"ngram", [](GenerateOptions& o, const Model_&, at::ScalarType) { o.draft_ngram = true; }},
    {"short ngram",
     [](GenerateOptions& o, const Model_&, at::ScalarType) {
         o.draft_ngram = true;
         o.ngram_min = 1, o.ngram_max = 1, o.draft_tokens = 3;
     }},
    {"itself", [](GenerateOptions& o, const Model_& m, at::ScalarType) { o.draft_model = m; }},
    {"near",
     [](GenerateOptions& o, const Model_&, at::ScalarType t) { o.draft_model = noisy(0.005, t); }},
    {"far",
     [](GenerateOptions& o, const Model_&, at::ScalarType t) { o.draft_model = noisy(0.5, t); }},
};

double chi_square(const std::vector<int>& counts, const std::vector<double>& expected) {
    double sum = 0;
    for (size_t i = 0; i < counts.size(); ++i)
        if (expected[i] > 0) sum += std::pow(counts[i] - expected[i], 2) / expected[i];
    return sum;
}

// Proposes the same, whatever stands before.
class Fixed final : public Drafter {
  public:
    explicit Fixed(std::vector<int> ids) : ids_(std::move(ids)) {}
    std::vector<Proposal> propose(const std::vector<int>&, int count) override {
        std::vector<Proposal> draft;
        for (int i = 0; i < count && i < int(ids_.size()); ++i) draft.push_back({ids_[i], {}});
        asked.push_back(count);
        return draft;
    }
    std::vector<int> asked;

  private:
    std::vector<int> ids_;
};

}  // namespace

TEST_CASE("extend gives the logits of step, row by row", "[speculative]") {
    auto model = test::tiny();
    const std::vector<int> text = some_ids(60);
    Context steps(model->network), rows(model->network);
    const std::vector<int> prompt(text.begin(), text.begin() + 40);
    steps.read(prompt);
    rows.read(prompt);
    at::Tensor many = rows.extend(text.data() + 40, 20);
    REQUIRE(many.sizes() == at::IntArrayRef{20, model->network->vocab_size()});
    for (int i = 0; i < 20; ++i)
        CHECK((many[i] - steps.step(text[40 + i])).abs().max().item<double>() < 1e-4);
    // Cropped to where nine of them stood, and read on.
    rows.crop(49);
    CHECK(rows.length() == 49);
    at::Tensor again = rows.extend(text.data() + 49, 11);
    CHECK((again - many.narrow(0, 9, 11)).abs().max().item<double>() < 1e-4);
    CHECK(rows.extends(196));
    CHECK_FALSE(rows.extends(197));  // 256 positions
    CHECK_FALSE(rows.extends(0));
    CHECK_THROWS_WITH(rows.extend(text.data(), 1000), Catch::Contains("1000"));
    CHECK_THROWS_WITH(rows.crop(61), Catch::Contains("61"));
    // A cropped prompt is used again only up to where it was cut.
    size_t reused = 99;
    rows.crop(33);
    at::Tensor fresh = Context(model->network).read(text);
    CHECK(at::equal(rows.read(text, &reused), fresh));
    CHECK(reused == 32);
}

TEST_CASE("greedy ids are those of plain decoding, whatever drafts", "[speculative]") {
    for (auto dtype : {at::kFloat, at::kBFloat16, at::kHalf}) {
        auto model = test::tiny(dtype);
        for (auto& prompt : {some_ids(7, 3), repeating(50), repeating(200, 3)}) {
            for (double penalty : {1.0, 1.3}) {
                GenerateOptions o = greedy(dtype == at::kHalf ? 40 : 100);
                o.repetition_penalty = penalty;
                o.logprobs = true;
                auto plain = generate(*model, prompt, o);
                for (auto& drafts : kDrafts) {
                    INFO(drafts.name << ", " << at::toString(dtype) << ", prompt of "
                                     << prompt.size() << ", penalty " << penalty);
                    GenerateOptions with = o;
                    drafts.set(with, model, dtype);
                    auto result = generate(*model, prompt, with);
                    CHECK(result.tokens == plain.tokens);
                    CHECK(result.text == plain.text);
                    CHECK(result.finish_reason == plain.finish_reason);
                    CHECK(result.speculated);
                    CHECK(result.accepted_tokens <= result.drafted_tokens);
                    CHECK(result.accepted_tokens < result.tokens.size());
                    REQUIRE(result.logprobs.size() == plain.logprobs.size());
                    double off = 0;
                    for (size_t i = 0; i < plain.logprobs.size(); ++i)
                        off = std::max(
                            off, std::abs(result.logprobs[i].logprob - plain.logprobs[i].logprob));
                    CHECK(off < (dtype == at::kFloat ? 1e-3 : 0.3));
                }
            }
        }
    }
}

TEST_CASE("transformers' greedy ids, with drafts, in every family", "[speculative]") {
    int compared = 0;
    for (const auto& entry : std::filesystem::directory_iterator(test::golden("models"))) {
        Safetensors numbers = Safetensors::open((entry.path() / "golden.safetensors").string());
        if (!numbers.find("greedy")) continue;
        INFO(entry.path().filename().string());
        auto ids_of = [&](const char* name) {
            at::Tensor flat = tensor_of(*numbers.find(name)).flatten().contiguous();
            return std::vector<int>(flat.const_data_ptr<int64_t>(),
                                    flat.const_data_ptr<int64_t>() + flat.numel());
        };
        std::vector<int> wanted = ids_of("greedy"), ids = ids_of("ids");
        auto model = std::make_shared<LanguageModel>();
        model->network = load_model(entry.path().string(), {at::kFloat, "cpu"});
        for (bool itself : {false, true}) {
            GenerateOptions o = greedy(int(wanted.size() - ids.size()));
            o.draft_ngram = !itself;
            o.ngram_min = 1;
            if (itself) o.draft_model = model;
            std::vector<int> tokens = ids;
            for (int id : generate(*model, ids, o).tokens) tokens.push_back(id);
            CHECK(tokens == wanted);
        }
        ++compared;
    }
    CHECK(compared > 10);
}

TEST_CASE("a draft that is right saves most calls, a wrong one is soon left out", "[speculative]") {
    auto model = test::tiny();
    GenerateOptions o = greedy(120);
    o.draft_model = model;
    auto right = generate(*model, some_ids(40), o);
    CHECK(right.accepted_tokens > 90);  // of 119: calls of up to eight and one
    o.draft_model = noisy(0.5);
    auto wrong = generate(*model, some_ids(40), o);
    CHECK(wrong.drafted_tokens < 60);
    o.draft_model = nullptr;
    o.draft_ngram = true;
    CHECK(generate(*model, repeating(60), o).tokens.size() == 120);
}

TEST_CASE("how much is drafted follows what was right", "[speculative]") {
    auto model = test::tiny();
    std::vector<int> ids = some_ids(20), plain;
    GenerateOptions o = greedy(100);
    plain = generate(*model, ids, o).tokens;
    // Wrong throughout: ever longer pauses.
    Context context(model->network);
    context.read(ids);
    int wrong = 0;
    while (std::find(plain.begin(), plain.end(), wrong) != plain.end()) ++wrong;
    auto drafter = std::make_unique<Fixed>(std::vector<int>(20, wrong));
    Fixed* fixed = drafter.get();
    Speculation ahead(context, std::move(drafter), 8, at::kFloat, true);
    for (int id : plain) {
        ids.push_back(id);
        CHECK(ahead.after(ids, 1000).defined());
    }
    REQUIRE(fixed->asked.size() > 3);
    CHECK(fixed->asked.size() < 12);
    CHECK(fixed->asked[0] == 4);
    CHECK(fixed->asked[1] == 1);
    CHECK(ahead.accepted() == 0);
    // Never past what may still be written.
    CHECK(ahead.proposal() == nullptr);
    Context second(model->network);
    ids.resize(20);
    second.read(ids);
    auto other = std::make_unique<Fixed>(std::vector<int>(20, 9));
    fixed = other.get();
    Speculation short_of(second, std::move(other), 8, at::kFloat, true);
    ids.push_back(plain[0]);
    short_of.after(ids, 1);
    CHECK(fixed->asked.empty());
    ids.push_back(plain[1]);
    short_of.after(ids, 3);
    CHECK(fixed->asked == std::vector<int>{2});
}

TEST_CASE("ids drawn with a draft are distributed as without", "[speculative]") {
    const int n = 12, draws = 40000;
    Random make(5);
    for (int round = 0; round < 6; ++round) {
        at::Tensor p = at::zeros({n}), q = at::zeros({n - (round % 2)});
        for (int i = 0; i < n; ++i) p[i] = i % 4 == 3 ? 0.0 : make.uniform();
        for (int i = 0; i < q.numel(); ++i) q[i] = i % 5 == 2 ? 0.0 : make.uniform();
        p /= p.sum();
        q /= q.sum();
        if (round == 4) q = p.clone();
        Random random(100 + round), drafts(200 + round);
        std::vector<int> counts(n);
        int accepted = 0;
        for (int i = 0; i < draws; ++i) {
            Proposal proposal{draw(q, drafts), round == 5 ? at::Tensor() : q};
            int id = draw_proposed(p, proposal, random);
            ++counts[size_t(id)];
            accepted += id == proposal.id;
        }
        std::vector<double> expected;
        for (int i = 0; i < n; ++i) expected.push_back(draws * p[i].item<double>());
        for (int i = 0; i < n; ++i)
            if (expected[size_t(i)] == 0) CHECK(counts[size_t(i)] == 0);
        INFO("round " << round);
        CHECK(chi_square(counts, expected) < 27.9);  // 9 entries: 8 degrees, 0.05 %
        // As often as can be: the mass that both have in common.
        double common = 0;
        for (int i = 0; i < n && i < q.numel(); ++i)
            common += std::min(p[i].item<double>(), q[i].item<double>());
        if (round < 5) CHECK(accepted / double(draws) == Approx(common).margin(0.015));
    }
}

TEST_CASE("sampled with a draft model: the filtered distribution, token by token",
          "[speculative]") {
    auto model = test::tiny(), draft = noisy(0.02);
    GenerateOptions o = greedy(4);
    o.temperature = 0.9;
    o.top_k = 6;
    o.top_p = 0.95;
    o.repetition_penalty = 1.2;
    const std::vector<int> prompt = some_ids(12);
    const SamplerOptions sampler{o.temperature, o.top_k, o.top_p, o.min_p, o.repetition_penalty};
    // What plain decoding draws the first three ids from, worked out over the whole tree.
    std::map<std::vector<int>, double> expected;
    std::function<void(std::vector<int>, double)> grow = [&](std::vector<int> written,
                                                             double mass) {
        if (written.size() == 3) {
            expected[written] = mass;
            return;
        }
        std::vector<int> seen = prompt;
        seen.insert(seen.end(), written.begin(), written.end());
        at::Tensor row = Context(model->network).read(seen).clone();
        apply_repetition_penalty(row, seen, o.repetition_penalty);
        at::Tensor p = filtered_probabilities(row, sampler);
        for (int64_t id = 0; id < p.numel(); ++id) {
            double one = p[id].item<double>();
            if (one <= 0) continue;
            std::vector<int> longer = written;
            longer.push_back(int(id));
            grow(longer, mass * one);
        }
    };
    grow({}, 1);
    REQUIRE(expected.size() > 50);
    const int runs = 2500;
    std::map<std::vector<int>, int> counts;
    size_t drafted = 0, accepted = 0;
    o.draft_model = draft;
    for (int seed = 1; seed <= runs; ++seed) {
        o.seed = uint64_t(seed);
        auto result = generate(*model, prompt, o);
        ++counts[std::vector<int>(result.tokens.begin(), result.tokens.begin() + 3)];
        drafted += result.drafted_tokens;
        accepted += result.accepted_tokens;
    }
    CHECK(drafted > size_t(runs));
    CHECK(accepted > drafted / 4);
    CHECK(accepted < drafted);
    // Rare ones together, so that every cell expects five or more.
    double rest = 0, sum = 0;
    int rest_count = 0, cells = 0;
    for (auto& [ids, mass] : expected) {
        int count = counts.count(ids) ? counts[ids] : 0;
        counts.erase(ids);
        if (mass * runs < 5) {
            rest += mass * runs, rest_count += count;
            continue;
        }
        sum += std::pow(count - mass * runs, 2) / (mass * runs), ++cells;
    }
    CHECK(counts.empty());  // nothing that plain decoding cannot draw
    if (rest >= 5) sum += std::pow(rest_count - rest, 2) / rest, ++cells;
    const double degrees = cells - 1;
    CHECK(degrees > 20);
    CHECK(sum < degrees + 3.3 * std::sqrt(2 * degrees));  // 0.1 %
}

TEST_CASE("sampled with n-grams: the ids of the same seed", "[speculative]") {
    auto model = test::tiny();
    size_t accepted = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        GenerateOptions o = greedy(50);
        o.temperature = 0.7;
        o.top_k = 3;
        o.seed = seed;
        auto plain = generate(*model, repeating(60, 5), o);
        o.draft_ngram = true;
        o.ngram_min = 1;
        auto result = generate(*model, repeating(60, 5), o);
        CHECK(result.tokens == plain.tokens);
        accepted += result.accepted_tokens;
    }
    CHECK(accepted > 0);
}

TEST_CASE("ends inside an accepted run: as plain", "[speculative]") {
    auto model = test::tiny();
    GenerateOptions o = greedy(40);
    const std::string whole = generate(*model, some_ids(30), o).text;
    auto unbound = generate(*model, some_ids(30), o).tokens;
    for (auto& drafts : kDrafts) {
        INFO(drafts.name);
        GenerateOptions with = o;
        drafts.set(with, model, at::kFloat);
        for (size_t begin = 5; begin + 6 < whole.size(); begin += 9) {
            o.stop = with.stop = {"never there", whole.substr(begin, 5)};
            std::string streamed;
            auto plain = generate(*model, some_ids(30), o);
            auto result = generate(*model, some_ids(30), with, [&](const std::string& piece) {
                streamed += piece;
                return true;
            });
            CHECK(result.tokens == plain.tokens);
            CHECK(result.text == plain.text);
            CHECK(streamed == plain.text);
            CHECK(result.finish_reason == "stop");
        }
        o.stop = with.stop = {};
        for (int most = 1; most <= 12; ++most) {
            with.max_tokens = most;
            auto result = generate(*model, some_ids(30), with);
            CHECK(result.tokens == std::vector<int>(unbound.begin(), unbound.begin() + most));
            CHECK(result.finish_reason == "length");
        }
        with = greedy(40);
        drafts.set(with, model, at::kFloat);
        with.ignore_eos = false;
        for (int at : {0, 3, 11}) {
            model->generation_config.eos_token_ids = {unbound[size_t(at)]};
            auto result = generate(*model, some_ids(30), with);
            auto end = std::find(unbound.begin(), unbound.end(), unbound[size_t(at)]);
            CHECK(result.tokens == std::vector<int>(unbound.begin(), end + 1));
            CHECK(result.finish_reason == "stop");
        }
        // The context's end, and a draft model whose context ends before.
        with.ignore_eos = true;
        with.max_tokens = 100;
        auto last = generate(*model, some_ids(250), with);
        CHECK(last.tokens.size() == 6);
        CHECK(last.finish_reason == "length");
        int calls = 0;
        auto ended =
            generate(*model, some_ids(30), with, [&](const std::string&) { return ++calls < 3; });
        CHECK(calls == 3);
        CHECK(ended.finish_reason == "callback");
    }
}

TEST_CASE("n-grams: the longest match, then the most recent", "[speculative]") {
    auto proposed = [](NgramDrafter drafter, std::vector<int> ids, int count) {
        std::vector<int> result;
        for (auto& p : drafter.propose(ids, count)) result.push_back(p.id);
        return result;
    };
    using Ids = std::vector<int>;
    CHECK(proposed({3, 1}, {1, 2, 9, 4, 1, 2, 7, 5, 1, 2}, 2) == Ids{7, 5});
    CHECK(proposed({3, 1}, {8, 1, 2, 9, 4, 1, 2, 7, 8, 1, 2}, 2) == Ids{9, 4});
    CHECK(proposed({2, 1}, {8, 1, 2, 9, 4, 1, 2, 7, 8, 1, 2}, 2) == Ids{7, 8});
    CHECK(proposed({3, 2}, {1, 2, 3, 9, 3}, 2).empty());
    CHECK(proposed({3, 1}, {1, 2, 3, 9, 3}, 2) == Ids{9, 3});
    CHECK(proposed({3, 1}, {1, 2, 3}, 2).empty());
    CHECK(proposed({3, 1}, {5, 5}, 4) == Ids{5, 5, 5, 5});
    CHECK(proposed({4, 2}, {1, 2, 1, 2}, 5) == Ids{1, 2, 1, 2, 1});
    CHECK(proposed({4, 2}, {1}, 5).empty());
    CHECK(proposed({4, 2}, {}, 5).empty());
    CHECK_THROWS_WITH(NgramDrafter(2, 3), Catch::Contains("ngram_min 3"));
    CHECK_THROWS_WITH(NgramDrafter(2, 0), Catch::Contains("ngram_min 0"));
}

TEST_CASE("a draft model of another vocabulary names the difference", "[speculative]") {
    auto model = test::tiny(), other = test::tiny();
    GenerateOptions o = greedy(4);
    o.draft_model = other;
    CHECK(generate(*model, some_ids(5), o).tokens.size() == 4);
    Json json = other->tokenizer->json();
    Json& vocabulary = json["model"]["vocab"];
    std::string one, two;
    for (auto& [token, id] : vocabulary.items()) {
        if (id == 300) one = token;
        if (id == 301) two = token;
    }
    REQUIRE(!one.empty());
    std::swap(vocabulary[one], vocabulary[two]);
    other->tokenizer = Tokenizer::from_json(json, "swapped");
    CHECK_THROWS_WITH(generate(*model, some_ids(5), o),
                      Catch::Contains("token 300") && Catch::Contains("vocabulary"));
    // Without tokenizers the numbers of ids must agree.
    other->tokenizer = nullptr;
    CHECK(generate(*model, some_ids(5), o).tokens.size() == 4);
    auto encoder = std::make_shared<LanguageModel>();
    encoder->network = load_model(test::golden("models/bert-mlm").string(), {at::kFloat, "cpu"});
    o.draft_model = encoder;
    CHECK_THROWS_WITH(generate(*model, some_ids(5), o), Catch::Contains("encoder"));
    o.draft_model = nullptr;
    CHECK(generate(*model, some_ids(5), o).tokens.size() == 4);
}
