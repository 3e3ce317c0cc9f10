// SPDX-License-Identifier: Apache-2.0
// The CUDA plug-in's kernels against their plain twins, on a GPU; without one these cases are
// skipped aloud. The twins themselves are held against the engine's other operations everywhere.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <vector>

#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/cuda_plugin.h"
#include "ops/cuda_twins.h"
#include "ops/grad.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"
#include "tests/support/test.h"

using namespace moonlet;
using namespace moonlet::ops;

namespace {

// Before the first ATen call of this program, as cuda_plugin.h asks.
const bool opened = open_cuda_plugin();

bool no_gpu() {
    if (opened && at::hasCUDA()) return false;
    test::skip("no GPU for the CUDA kernels: " + cuda_status());
    return true;
}

at::Tensor numbers(at::IntArrayRef shape, uint64_t seed, at::ScalarType type = at::kFloat) {
    auto generator = at::detail::createCPUGenerator(seed);
    return at::randn(shape, generator, at::kFloat).to(type);
}
at::Tensor on_gpu(const at::Tensor& t) { return t.to(at::kCUDA); }

double off(const at::Tensor& a, const at::Tensor& b) {
    at::Tensor x = a.to(at::kCPU, at::kDouble), y = b.to(at::kCPU, at::kDouble);
    return ((x - y).abs() / (1 + y.abs())).max().item<double>();
}
// The same beside the largest value: for long sums that may come out near zero.
double off_scale(const at::Tensor& a, const at::Tensor& b) {
    at::Tensor x = a.to(at::kCPU, at::kDouble), y = b.to(at::kCPU, at::kDouble);
    return ((x - y).abs().max() / y.abs().max()).item<double>();
}
// Some units in the last place: kernels and twins add in other orders.
double bound(at::ScalarType type) {
    return type == at::kFloat ? 2e-5 : type == at::kHalf ? 4e-3 : 3e-2;
}

struct Quantised {
    at::Tensor codes, scales;
};
Quantised quantised(int64_t n, int64_t k, int64_t group, int bits, uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    at::Tensor codes = bits == 8
                           ? at::randint(-127, 128, {n, k}, generator, at::kLong).to(at::kChar)
                           : at::randint(0, 256, {n, k / 2}, generator, at::kLong).to(at::kByte);
    return {codes, (numbers({n, k / group}, seed + 1).abs() * 0.01).to(at::kHalf)};
}

const at::ScalarType kTypes[] = {at::kFloat, at::kBFloat16, at::kHalf};

}  // namespace

TEST_CASE("twins of the CUDA kernels say what the engine's operations say", "[cuda]") {
    SECTION("rope_store") {
        RopeOptions options;
        options.dim = 6;  // of 10 components
        options.attention_factor = 1.2;
        Rope rope(options);
        at::Tensor q = numbers({2, 3, 4, 10}, 1), k = numbers({2, 3, 2, 10}, 2),
                   v = numbers({2, 3, 2, 10}, 3), lengths = at::tensor({5, 2}, at::kInt);
        at::Tensor keys = at::zeros({2, 2, 7, 10}), values = at::zeros({2, 2, 7, 10});
        at::Tensor positions = at::tensor({5, 6, 7, 2, 3, 4}, at::kLong).view({2, 3});
        Angles angles = rope.angles(positions, at::kFloat);
        at::Tensor wanted_q = rotate(q.transpose(1, 2).clone(), angles),
                   wanted_k = rotate(k.transpose(1, 2).clone(), angles);
        rope_store_plain(q, k, v, keys, values, rope.inv_freq(), lengths, 1.2);
        CHECK(off(q.transpose(1, 2), wanted_q) < 1e-5);
        CHECK(off(keys[0].narrow(1, 5, 2), wanted_k[0].narrow(1, 0, 2)) < 1e-5);
        CHECK(off(keys[1].narrow(1, 2, 3), wanted_k[1]) < 1e-5);
        CHECK(at::equal(values[1].narrow(1, 2, 3), v[1].transpose(0, 1)));
        CHECK(keys[1].narrow(1, 5, 2).abs().max().item<double>() == 0);
    }
    SECTION("decode_attention") {
        at::Tensor q = numbers({2, 6, 8}, 1), keys = numbers({2, 2, 9, 8}, 2),
                   values = numbers({2, 2, 9, 8}, 3), lengths = at::tensor({9, 4}, at::kInt);
        at::Tensor out = decode_attention_plain(q, keys, values, lengths, 0.3, 0);
        at::Tensor last = decode_attention_plain(q, keys, values, lengths, 0.3, 3);
        for (int64_t b = 0; b < 2; ++b) {
            const int64_t length = lengths[b].item<int64_t>();
            auto plain = [&](int64_t first) {
                auto part = [&](const at::Tensor& t) {
                    return t.narrow(0, b, 1).narrow(2, first, length - first);
                };
                return attention_plain(q.narrow(0, b, 1).unsqueeze(2), part(keys), part(values), {},
                                       {0.3, 0, {}})
                    .flatten();
            };
            CHECK(off(out[b].flatten(), plain(0)) < 1e-5);
            CHECK(off(last[b].flatten(), plain(length - 3)) < 1e-5);
        }
    }
    SECTION("gemv") {
        at::Tensor codes =
            at::tensor({0x80, 0x1F, 0x78, 0xF0}, at::kInt).to(at::kByte).view({1, 4});
        at::Tensor scales = at::tensor({0.5, 2.0}).to(at::kHalf).view({1, 2});
        at::Tensor wanted = at::tensor({-4.0, 0.0, 3.5, -3.5, 0.0, -2.0, -16.0, 14.0});
        CHECK(at::equal(gemv_weight(codes, scales)[0], wanted));
        CHECK(gemv_plain(at::ones({1, 8}), codes, scales, at::tensor({1.0f})).item<double>() ==
              Approx(wanted.sum().item<double>() + 1));
    }
    SECTION("add_rms_norm") {
        at::Tensor x = numbers({3, 20}, 1), r = numbers({3, 20}, 2), w = numbers({20}, 3);
        auto [sum, y] = add_rms_norm_plain(x, r, w, 1e-5);
        CHECK(at::equal(sum, x + r));
        CHECK(off(y, rms_norm(x + r, w, 1e-5)) < 1e-6);
    }
}

TEST_CASE("the twin of the sampling kernel draws from the filtered distribution", "[cuda]") {
    const int64_t vocab = 40, draws = 20000;
    at::Tensor row = numbers({vocab}, 4) * 2;
    for (auto& filters : {SampleFilters{0.8, 0, 1, 0}, SampleFilters{1.3, 7, 1, 0},
                          SampleFilters{1, 0, 0.7, 0}, SampleFilters{1, 12, 0.9, 0.05}}) {
        // By the definition, one after another.
        std::vector<double> p(vocab);
        at::Tensor scaled = (row / filters.temperature).to(at::kDouble);
        auto [sorted, order] = scaled.sort(-1, true);
        double mass = 0, total = 0;
        const int64_t most = filters.top_k > 0 ? filters.top_k : vocab;
        double all = sorted.narrow(0, 0, most).exp().sum().item<double>();
        for (int64_t i = 0; i < most; ++i) {
            double one = std::exp(sorted[i].item<double>()) / all;
            bool in = mass < filters.top_p &&
                      one >= filters.min_p * std::exp(sorted[0].item<double>()) / all;
            mass += one;
            if (in) p[size_t(order[i].item<int64_t>())] = one, total += one;
        }
        at::Tensor state = at::stack({at::arange(draws) * 7919, at::zeros({draws}, at::kLong)}, 1);
        at::Tensor ids = sample_plain(row.expand({draws, vocab}), state, filters);
        CHECK(state.select(1, 1).eq(1).all().item<bool>());
        double chi = 0;
        int degrees = -1;
        for (int64_t id = 0; id < vocab; ++id) {
            const double count = ids.eq(id).sum().item<double>(),
                         expected = draws * p[size_t(id)] / total;
            if (expected == 0) CHECK(count == 0);
            if (expected < 5) continue;
            chi += std::pow(count - expected, 2) / expected, ++degrees;
        }
        CHECK(degrees > 0);
        CHECK(chi < degrees + 3.5 * std::sqrt(2.0 * degrees) + 3);
    }
    at::Tensor state = at::zeros({3, 2}, at::kLong);
    at::Tensor rows = at::zeros({3, 5});
    rows[0][3] = 1;
    rows[1][2] = NAN;
    rows[2][4] = INFINITY;
    CHECK(at::equal(sample_plain(rows, state, {}), at::tensor({3, -1, -1}, at::kLong)));
}

TEST_CASE("CUDA: RMSNorm, with and without a residual", "[cuda]") {
    if (no_gpu()) return;
    for (auto type : kTypes)
        for (int64_t n : {7, 64, 1024, 5120, 40000}) {
            at::Tensor x = numbers({3, n}, 1, type), r = numbers({3, n}, 2, type),
                       w = numbers({n}, 3, type), sum, y;
            REQUIRE(cuda_kernels().rms_norm(on_gpu(x), on_gpu(w), 1e-6, y));
            CHECK(off(y, rms_norm_plain(x, w, 1e-6, NormWeight::rounded)) < bound(type));
            REQUIRE(cuda_kernels().add_rms_norm(on_gpu(x), on_gpu(r), on_gpu(w), 1e-6, sum, y));
            auto [wanted_sum, wanted] = add_rms_norm_plain(x, r, w, 1e-6);
            CHECK(at::equal(sum.cpu(), wanted_sum));
            CHECK(off(y, wanted) < bound(type));
        }
}

TEST_CASE("CUDA: SwiGLU", "[cuda]") {
    if (no_gpu()) return;
    for (auto type : kTypes)
        for (int64_t n : {1, 8, 1001, 65536}) {
            at::Tensor gate = numbers({2, n}, 1, type) * 3, up = numbers({2, n}, 2, type), y;
            REQUIRE(cuda_kernels().swiglu(on_gpu(gate), on_gpu(up), y));
            CHECK(off(y, gated(silu, gate.clone(), up)) < bound(type));
        }
}

TEST_CASE("CUDA: rope and the write into the cache", "[cuda]") {
    if (no_gpu()) return;
    for (auto type : kTypes)
        for (int64_t dim : {64, 80, 96, 128, 256}) {
            RopeOptions options;
            options.dim = dim == 80 ? 32 : dim;
            const at::Tensor inv_freq = Rope(options).inv_freq();
            at::Tensor q = numbers({3, 2, 6, dim}, 1, type), k = numbers({3, 2, 2, dim}, 2, type),
                       v = numbers({3, 2, 2, dim}, 3, type),
                       lengths = at::tensor({0, 300, 511}, at::kInt);
            at::Tensor keys = numbers({3, 2, 512, dim}, 4, type), values = keys + 1;
            at::Tensor gq = on_gpu(q), gkeys = on_gpu(keys), gvalues = on_gpu(values);
            REQUIRE(cuda_kernels().rope_store(gq, on_gpu(k), on_gpu(v), gkeys, gvalues,
                                              on_gpu(inv_freq), on_gpu(lengths), 1.1));
            rope_store_plain(q, k, v, keys, values, inv_freq, lengths, 1.1);
            CHECK(off(gq, q) < bound(type));
            CHECK(off(gkeys, keys) < bound(type));
            CHECK(at::equal(gvalues.cpu(), values));
        }
}

TEST_CASE("CUDA: int8 and int4 products of few rows", "[cuda]") {
    if (no_gpu()) return;
    for (auto type : kTypes)
        for (int bits : {8, 4})
            for (int64_t group : {32, 64, 128})
                for (int64_t rows : {1, 2, 3, 8, 13})
                    for (auto [n, k] :
                         {std::pair<int64_t, int64_t>{5, 128}, {1000, 1024}, {64, 8192}}) {
                        INFO(bits << " bits, group " << group << ", " << rows << "x" << n << "x"
                                  << k);
                        Quantised w = quantised(n, k, group, bits, 7);
                        at::Tensor x = numbers({rows, k}, 1, type), bias = numbers({n}, 2, type), y;
                        REQUIRE(cuda_kernels().gemv(on_gpu(x), on_gpu(w.codes), on_gpu(w.scales),
                                                    on_gpu(bias), y));
                        CHECK(off_scale(y, gemv_plain(x, w.codes, w.scales, bias)) < bound(type));
                        // A row alone gives the same numbers.
                        at::Tensor alone;
                        REQUIRE(cuda_kernels().gemv(on_gpu(x.narrow(0, rows - 1, 1)),
                                                    on_gpu(w.codes), on_gpu(w.scales), on_gpu(bias),
                                                    alone));
                        CHECK(at::equal(alone[0], y[rows - 1]));
                    }
    at::Tensor y;
    Quantised odd = quantised(4, 48, 48, 8, 1);  // a group that the kernel does not know
    CHECK_FALSE(cuda_kernels().gemv(on_gpu(numbers({1, 48}, 1)), on_gpu(odd.codes),
                                    on_gpu(odd.scales), {}, y));
}

TEST_CASE("CUDA: decode attention, split over the cache", "[cuda]") {
    if (no_gpu()) return;
    for (auto type : kTypes)
        for (int64_t dim : {64, 80, 128, 256})
            for (int64_t group : {1, 2, 3, 8, 16})
                for (int64_t window : {0, 100}) {
                    const int64_t kv_heads = 2, capacity = 1500;
                    at::Tensor q = numbers({4, kv_heads * group, dim}, 1, type),
                               keys = numbers({4, kv_heads, capacity, dim}, 2, type),
                               values = numbers({4, kv_heads, capacity, dim}, 3, type),
                               lengths = at::tensor({1, 256, 257, 1500}, at::kInt), out;
                    const double scale = 1 / std::sqrt(double(dim));
                    REQUIRE(cuda_kernels().decode_attention(on_gpu(q), on_gpu(keys), on_gpu(values),
                                                            on_gpu(lengths), scale, window, out));
                    CHECK(off(out, decode_attention_plain(q, keys, values, lengths, scale,
                                                          window)) < bound(type));
                }
}

TEST_CASE("CUDA: sampling takes the ids of its twin", "[cuda]") {
    if (no_gpu()) return;
    const int64_t rows = 64, vocab = 5003;
    for (auto type : kTypes)
        for (auto& filters :
             {SampleFilters{}, SampleFilters{0.8, 0, 1, 0}, SampleFilters{1, 50, 1, 0},
              SampleFilters{1, 0, 0.9, 0}, SampleFilters{0.7, 40, 0.95, 0.02}}) {
            at::Tensor logits = (numbers({rows, vocab}, 5) * 3).to(type);
            at::Tensor state = at::stack({at::arange(rows), at::arange(rows)}, 1);
            at::Tensor gpu_state = on_gpu(state), ids;
            REQUIRE(cuda_kernels().sample(on_gpu(logits), gpu_state, filters, ids));
            at::Tensor wanted = sample_plain(logits, state, filters);
            // exp and log differ in the last place between the two: a rare near tie may fall
            // otherwise.
            CHECK(ids.cpu().ne(wanted).sum().item<int64_t>() <= (filters.temperature > 0 ? 1 : 0));
            CHECK(at::equal(gpu_state.cpu(), state));
        }
}

TEST_CASE("CUDA: a captured graph repeats its launches on new numbers", "[cuda]") {
    if (no_gpu()) return;
    std::unique_ptr<CudaGraph> graph(cuda_kernels().new_graph());
    at::Tensor x = at::zeros({4, 512}, at::TensorOptions(at::kCUDA)), w = on_gpu(numbers({512}, 2)),
               y, gated_y;
    int calls = 0;
    for (uint64_t run = 0; run < 5; ++run) {
        at::Tensor fresh = numbers({4, 512}, 10 + run);
        x.copy_(fresh);
        graph->run([&] {
            ++calls;
            REQUIRE(cuda_kernels().rms_norm(x, w, 1e-6, y));
            REQUIRE(cuda_kernels().swiglu(y, x, gated_y));
        });
        at::Tensor normed = rms_norm_plain(fresh, w.cpu(), 1e-6, NormWeight::rounded);
        CHECK(off(gated_y, gated(silu, normed.clone(), fresh)) < bound(at::kFloat));
        CHECK(graph->captured() == (run > 0));
    }
    CHECK(calls == 2);
}
