// SPDX-License-Identifier: Apache-2.0
// Attention over pages against its plain twin on tensors, on every instruction set: types of
// storage, sizes of heads, groups, pages and texts, caps, sinks, windows; and what must be equal
// bit by bit: a row whatever stands beside it, tokens at once or one by one, any count of threads.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "ops/cpu/pool.h"
#include "ops/decode_attention.h"
#include "tests/engine/ops/cpu/support.h"
#include "tests/support/paged_cache.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

at::Tensor random(at::IntArrayRef shape, at::ScalarType type = at::kFloat) {
    return at::randn(shape, at::TensorOptions().dtype(at::kFloat)).to(type);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

// Those of the machine that these kernels are compiled for.
std::vector<std::string> lane_isas() {
    std::vector<std::string> list;
    for (const std::string& isa : isas())
        if (isa == "avx2" || isa == "avx512") list.push_back(isa);
    return list;
}

struct Case {
    std::vector<int64_t> lengths = {5};  // before the call, row by row
    int64_t tokens = 1, heads = 4, kv_heads = 2, width = 64, page_size = 16, window = 0;
    KvPages::Type type = KvPages::f32;
    at::ScalarType dtype = at::kFloat;
    double softcap = 0;
    bool sinks = false;
    int64_t turning = -1;  // components that turn; -1: all
};

// One call's tensors, and the cache that holds what came before.
struct Setting {
    Case c;
    std::vector<at::Tensor> past_k, past_v;  // [Hkv, length, D]
    at::Tensor q, k, v;                      // [B, T, heads, D]
    ops::AttentionOptions options;
    ops::Angles angles;

    explicit Setting(const Case& c) : c(c) {
        const auto batch = int64_t(c.lengths.size());
        for (int64_t length : c.lengths) {
            past_k.push_back(random({c.kv_heads, length, c.width}, c.dtype));
            past_v.push_back(random({c.kv_heads, length, c.width}, c.dtype));
        }
        q = random({batch, c.tokens, c.heads, c.width}, c.dtype);
        k = random({batch, c.tokens, c.kv_heads, c.width}, c.dtype);
        v = random({batch, c.tokens, c.kv_heads, c.width}, c.dtype);
        options.scale = 1 / std::sqrt(double(c.width));
        options.softcap = c.softcap;
        if (c.sinks) options.sinks = random({c.heads}, c.dtype);
        const int64_t turning = c.turning < 0 ? c.width / 2 * 2 : c.turning;
        if (turning > 0) {
            at::Tensor positions = at::empty({batch, c.tokens}, at::kLong);
            for (int64_t b = 0; b < batch; ++b)
                for (int64_t t = 0; t < c.tokens; ++t) positions[b][t] = c.lengths[size_t(b)] + t;
            ops::RopeOptions rope;
            rope.dim = turning;
            angles = ops::Rope(rope).angles(positions, c.dtype);
        }
    }

    PagedCache cache(int64_t row = -1) const {
        std::vector<int64_t> lengths = c.lengths;
        if (row >= 0) lengths = {c.lengths[size_t(row)]};
        const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
        std::vector<int64_t> pads;
        for (int64_t length : lengths) pads.push_back(longest - length);
        PagedCache made(1, pads, c.type, c.page_size);
        made.shape(c.kv_heads, c.width);
        if (longest == 0) return made;
        at::Tensor keys =
            at::zeros({int64_t(lengths.size()), c.kv_heads, longest, c.width}, c.dtype);
        at::Tensor values = at::zeros_like(keys);
        for (size_t b = 0; b < lengths.size(); ++b) {
            const size_t from = row >= 0 ? size_t(row) : b;
            keys[int64_t(b)].narrow(1, pads[b], lengths[b]).copy_(past_k[from]);
            values[int64_t(b)].narrow(1, pads[b], lengths[b]).copy_(past_v[from]);
        }
        made.update(0, keys, values);
        made.advance(longest);
        return made;
    }

    // Tokens [first, first + count) of every row, or of one.
    at::Tensor run(PagedCache& cache, int64_t first, int64_t count, int64_t row = -1) const {
        auto part = [&](const at::Tensor& x) {
            if (!x.defined()) return x;
            at::Tensor y = x.size(0) == 1 || row < 0 ? x : x.narrow(0, row, 1);
            return y.narrow(x.sizes() == angles.cos.sizes() ? 2 : 1, first, count).contiguous();
        };
        ops::Angles turned{part(angles.cos), part(angles.sin)};
        ops::PagedCall call{cache.pages(0, count), &options, &turned, c.window};
        at::Tensor queries = part(q);
        REQUIRE(ops::takes_pages(call, queries.size(0), count, c.kv_heads, c.width));
        at::Tensor out = ops::attend_pages(queries, part(k), part(v), call);
        cache.advance(count);
        return out;
    }
    at::Tensor run() const {
        PagedCache made = cache();
        return run(made, 0, c.tokens);
    }

    // The plain twin, in f64 over what the cache holds after the call.
    at::Tensor plain() const {
        PagedCache made = cache();
        run(made, 0, c.tokens);
        at::Tensor turned = ops::rotate(q.transpose(1, 2), angles).to(at::kDouble);
        ops::AttentionOptions o = options;
        if (o.sinks.defined()) o.sinks = o.sinks.to(at::kDouble);
        std::vector<at::Tensor> rows;
        for (size_t b = 0; b < c.lengths.size(); ++b) {
            ops::MaskOptions mask;
            mask.queries = c.tokens;
            mask.past = c.lengths[b];
            mask.window = c.window;
            mask.dtype = at::kDouble;
            auto kept = [&](bool values) {
                return made.stored(0, int64_t(b), values).to(at::kDouble).unsqueeze(0);
            };
            rows.push_back(ops::attention_plain(turned.narrow(0, int64_t(b), 1), kept(false),
                                                kept(true), ops::make_mask(mask), o)
                               .transpose(1, 2)
                               .flatten(2));
        }
        return at::cat(rows, 0);
    }
};

std::vector<Case> cases() {
    std::vector<Case> all;
    for (auto type : {KvPages::f32, KvPages::bf16, KvPages::f16, KvPages::int8})
        for (int64_t width : {8, 20, 64, 80, 96, 128, 256}) {
            Case c;
            c.type = type, c.width = width, c.lengths = {37, 0, 300}, c.tokens = 3;
            c.page_size = width == 80 ? 7 : 33;
            all.push_back(c);
        }
    for (int64_t group : {1, 2, 5, 16}) {
        Case c;
        c.heads = 2 * group, c.lengths = {0}, c.dtype = at::kBFloat16, c.type = KvPages::bf16;
        all.push_back(c);
        c.lengths = {255, 256, 1023}, c.tokens = 5, c.page_size = 64;
        all.push_back(c);
    }
    for (int64_t window : {1, 3, 16, 100, 257, 4096})
        for (int64_t tokens : {1, 4}) {
            Case c;
            c.window = window, c.tokens = tokens, c.lengths = {2, 290, 700}, c.sinks = tokens == 4;
            c.softcap = window == 100 ? 2 : 0;
            all.push_back(c);
        }
    for (int64_t turning : {0, 16, 40}) {
        Case c;
        c.turning = turning, c.softcap = 30, c.sinks = true, c.lengths = {600};
        all.push_back(c);
        c.dtype = at::kBFloat16;
        all.push_back(c);
    }
    return all;
}

}  // namespace

TEST_CASE("attention over pages equals attention on tensors, on every instruction set") {
    at::manual_seed(3);
    at::NoGradGuard no_grad;
    for (const Case& c : cases()) {
        Setting s(c);
        at::Tensor plain = s.plain(), first;
        for (const std::string& isa : lane_isas()) {
            IsaForTest use(isa);
            INFO(isa << " type " << c.type << " width " << c.width << " heads " << c.heads
                     << " page " << c.page_size << " window " << c.window << " tokens " << c.tokens
                     << " past " << c.lengths[0] << " " << c10::toString(c.dtype));
            at::Tensor out = s.run();
            CHECK(out.sizes() ==
                  at::IntArrayRef({int64_t(c.lengths.size()), c.tokens, c.heads * c.width}));
            // f32: sums of some hundred products; bf16: the result rounded once, 2^-9 of it.
            CHECK(difference(out, plain) < (c.dtype == at::kFloat ? 3e-6 : 0.008));
            if (!first.defined()) first = out;
            CHECK(at::equal(out, first));
        }
    }
}

TEST_CASE("a token's attention depends on no other row, no later token and no thread") {
    at::manual_seed(4);
    at::NoGradGuard no_grad;
    for (const Case& c : cases()) {
        Setting s(c);
        INFO("type " << c.type << " width " << c.width << " heads " << c.heads << " window "
                     << c.window << " tokens " << c.tokens);
        at::Tensor all = s.run();
        for (int64_t row = 0; row < int64_t(c.lengths.size()); ++row) {
            PagedCache alone = s.cache(row);
            for (int64_t t = 0; t < c.tokens; ++t)
                REQUIRE(at::equal(s.run(alone, t, 1, row), all.narrow(0, row, 1).narrow(1, t, 1)));
        }
        for (int threads : {1, 2}) {
            cpu::set_threads(threads);
            CHECK(at::equal(s.run(), all));
        }
        cpu::set_threads(0);
    }
}

TEST_CASE("keys and values are stored as they are attended to") {
    at::manual_seed(5);
    at::NoGradGuard no_grad;
    for (const std::string& isa : lane_isas()) {
        IsaForTest use(isa);
        for (auto dtype : {at::kFloat, at::kBFloat16})
            for (auto type : {KvPages::f32, KvPages::bf16, KvPages::f16, KvPages::int8}) {
                Case c;
                c.type = type, c.dtype = dtype, c.width = 40, c.lengths = {3}, c.tokens = 2;
                Setting s(c);
                INFO(isa << " " << type << " " << c10::toString(dtype));
                PagedCache made = s.cache(), twin = s.cache();
                s.run(made, 0, 2);
                twin.update(0, ops::rotate(s.k.transpose(1, 2), s.angles), s.v.transpose(1, 2));
                twin.advance(2);
                for (bool values : {false, true}) {
                    at::Tensor ours = made.stored(0, 0, values), theirs = twin.stored(0, 0, values);
                    // A code may fall on the other side of a half.
                    if (type == KvPages::int8) CHECK(difference(ours, theirs) < 0.04);
                    else CHECK(at::equal(ours, theirs));
                }
            }
    }
}

TEST_CASE("a value that is not a number shows, and only where it is seen") {
    at::manual_seed(6);
    at::NoGradGuard no_grad;
    Case c;
    c.lengths = {40, 40}, c.tokens = 2;
    Setting s(c);
    s.past_k[0][0][7][3] = std::numeric_limits<double>::quiet_NaN();
    at::Tensor out = s.run();
    const int64_t half = c.width * c.heads / 2;  // the queries of the first head of keys
    CHECK(out[0].narrow(1, 0, half).isnan().all().item<bool>());
    CHECK(!out[0].narrow(1, half, half).isnan().any().item<bool>());
    CHECK(!out[1].isnan().any().item<bool>());
}

TEST_CASE(
    "few queries over keys in tensors: the numbers of pages, the plain twin's within bounds") {
    at::manual_seed(7);
    at::NoGradGuard no_grad;
    for (auto type : {at::kFloat, at::kBFloat16})
        for (int64_t window : {0, 3, 300})
            for (int64_t tokens : {1, 4}) {
                const int64_t past = 290, keys = past + tokens;
                // As a growing cache hands them out: views of storage with more room.
                at::Tensor k = random({2, 3, 512, 24}, type), v = random({2, 3, 512, 24}, type);
                k = k.narrow(2, 0, keys), v = v.narrow(2, 0, keys);
                at::Tensor q = random({2, tokens, 6, 24}, type).transpose(1, 2);
                ops::MaskOptions options;
                options.queries = tokens, options.past = past, options.window = window;
                options.dtype = type;
                ops::AttentionOptions o{0.2, 0, {}};
                REQUIRE(ops::lies_in_pages(q, k, v));
                ops::AttentionMask mask = ops::make_mask(options);
                REQUIRE(mask.in_line);
                at::Tensor ours = ops::attention(q, k, v, mask, o);
                INFO(c10::toString(type) << " window " << window << " tokens " << tokens);
                CHECK(at::equal(ours, ops::attend_in_line(q, k, v, o, window)));
                options.dtype = at::kDouble;
                at::Tensor plain =
                    ops::attention_plain(q.to(at::kDouble), k.to(at::kDouble), v.to(at::kDouble),
                                         ops::make_mask(options), o);
                CHECK(difference(ours, plain) < (type == at::kFloat ? 2e-6 : 0.008));
                for (int64_t t = 0; t < tokens; ++t) {  // one by one
                    const int64_t seen = past + t + 1;
                    at::Tensor one = ops::attend_in_line(q.narrow(2, t, 1), k.narrow(2, 0, seen),
                                                         v.narrow(2, 0, seen), o, window);
                    CHECK(at::equal(one, ours.narrow(2, t, 1)));
                }
            }
    // Not where a mask says more.
    at::Tensor padding = at::ones({1, 4}, at::kBool);
    padding[0][0] = false;
    ops::MaskOptions padded;
    padded.queries = 2, padded.past = 2, padded.padding = padding;
    CHECK(!ops::make_mask(padded).in_line);
    padded.padding.reset(), padded.causal = false;
    CHECK(!ops::make_mask(padded).in_line);
}
