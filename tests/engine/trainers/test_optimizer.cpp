// SPDX-License-Identifier: Apache-2.0
// The optimizer over whole tensors: threads, types, clipping, saving; and the memory that steps
// reuse.
#include <ATen/Parallel.h>

#include "support.h"
#include "trainers/optimizer.h"
#include "trainers/tensor_memory.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

constexpr AdamWOptions kOptions{0.9, 0.999, 1e-8, 0.1};

struct Case {
    std::vector<NamedTensor> parameters;
    std::vector<at::Tensor> gradients;
    Case(at::ScalarType type, at::ScalarType gradient_type) {
        at::manual_seed(61);
        for (const auto& shape : {std::vector<int64_t>{70, 901}, std::vector<int64_t>{37}}) {
            parameters.push_back({"p" + std::to_string(shape.size()), at::randn(shape).to(type)});
            gradients.push_back(at::randn(shape).to(gradient_type));
        }
    }
};

}  // namespace

TEST_CASE("clipping is torch's", "[optimizer]") {
    for (at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
        const Case c(type, type);
        double squares = 0;
        for (const at::Tensor& g : c.gradients)
            squares += g.to(at::kDouble).square().sum().item<double>();
        CHECK(gradient_norm(c.gradients) == Approx(std::sqrt(squares)).epsilon(1e-6));
    }
    CHECK(clip_scale(4, 1) == Approx(1 / (4 + 1e-6)));
    CHECK(clip_scale(0.5, 1) == 1);
    CHECK(clip_scale(4, 0) == 1);
}

TEST_CASE("an update does not depend on the number of threads", "[optimizer]") {
    const int threads = at::get_num_threads();
    for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
        std::vector<at::Tensor> first;
        std::vector<double> norms;
        for (int n : {1, 2, 3}) {
            at::set_num_threads(n);
            Case c(type, type);
            AdamW adam(c.parameters, kOptions);
            norms.push_back(gradient_norm(c.gradients));
            for (int i = 1; i < 4; ++i) adam.step(c.gradients, 1e-2, i, 0.3);
            std::vector<at::Tensor> now;
            for (const NamedTensor& t : adam.state()) now.push_back(t.tensor);
            if (!first.empty())
                for (size_t i = 0; i < now.size(); ++i) CHECK(at::equal(now[i], first[i]));
            first = now;
        }
        CHECK(norms[0] == norms[1]);
        CHECK(norms[0] == norms[2]);
    }
    at::set_num_threads(threads);
}

TEST_CASE("parameters of every type are rounded masters of one training", "[optimizer]") {
    // The same start in all of them: what f16 and bf16 both hold.
    auto start = [](at::ScalarType type, at::ScalarType gradient_type) {
        Case c(type, gradient_type);
        for (size_t i = 0; i < c.parameters.size(); ++i) {
            at::manual_seed(i);
            const auto shape = c.parameters[i].tensor.sizes();
            c.parameters[i].tensor.copy_(at::randint(-128, 128, shape).to(at::kFloat) / 128);
            c.gradients[i].copy_(at::randint(-128, 128, shape).to(at::kFloat) / 128);
        }
        return c;
    };
    Case wide = start(at::kFloat, at::kFloat);
    AdamW reference(wide.parameters, kOptions);
    for (int i = 1; i <= 6; ++i) reference.step(wide.gradients, 1e-2, i, 0.5);
    for (at::ScalarType type : {at::kBFloat16, at::kHalf})
        for (at::ScalarType gradient_type : {type, at::kFloat}) {
            INFO(c10::toString(type) << ", gradients " << c10::toString(gradient_type));
            Case c = start(type, gradient_type);
            AdamW adam(c.parameters, kOptions);
            for (int i = 1; i <= 6; ++i) adam.step(c.gradients, 1e-2, i, 0.5);
            const auto state = adam.state();
            REQUIRE(state.size() == 3 * c.parameters.size());
            for (size_t i = 0; i < c.parameters.size(); ++i) {
                const at::Tensor master = state[3 * i + 2].tensor;
                CHECK(state[3 * i + 2].name == c.parameters[i].name + ".master");
                CHECK(at::allclose(master, wide.parameters[i].tensor, 1e-5, 1e-6));
                CHECK(at::equal(c.parameters[i].tensor, master.to(type)));
            }
        }
}

TEST_CASE("a restored optimizer goes on with the same bits", "[optimizer]") {
    for (at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf}) {
        INFO(c10::toString(type));
        Case a(type, type), b(type, type);
        AdamW whole(a.parameters, kOptions);
        for (int i = 1; i <= 3; ++i) whole.step(a.gradients, 1e-2, i);
        std::vector<at::Tensor> saved;
        for (const NamedTensor& t : whole.state()) saved.push_back(t.tensor.clone());
        AdamW resumed(b.parameters, kOptions);
        for (size_t i = 0; i < b.parameters.size(); ++i)
            b.parameters[i].tensor.copy_(a.parameters[i].tensor);
        resumed.restore(saved);
        for (int i = 4; i <= 6; ++i) {
            whole.step(a.gradients, 1e-2, i);
            resumed.step(b.gradients, 1e-2, i);
        }
        for (size_t i = 0; i < b.parameters.size(); ++i)
            CHECK(at::equal(a.parameters[i].tensor, b.parameters[i].tensor));
        CHECK(whole.bytes() == resumed.bytes());
    }
}

TEST_CASE("memory of large tensors is reused, and never more than was in use", "[memory]") {
    constexpr size_t kHuge = size_t(2) << 20;
    auto bytes = [](int64_t megabytes) { return at::empty({megabytes << 20}, at::kByte); };
    {
        ReusingMemory reusing;
        at::Tensor kept = bytes(3);
        std::vector<at::Tensor> phase;
        for (int round = 0; round < 3; ++round) {
            for (int64_t i = 1; i <= 8; ++i) phase.push_back(bytes(i));
            for (at::Tensor& x : phase) x.fill_(7);  // each has memory of its own
            for (size_t i = 0; i < phase.size(); i += 2) phase[i].reset();
            for (int64_t i = 1; i <= 4; ++i) phase.push_back(bytes(i).fill_(int(i)));
            for (int64_t i = 1; i <= 4; ++i) CHECK((phase[size_t(7 + i)] == i).all().item<bool>());
            for (size_t i = 1; i < 8; i += 2) CHECK((phase[i] == 7).all().item<bool>());
            phase.clear();
            // Blocks of other sizes out of the same memory.
            at::Tensor one = bytes(20);
            const auto now = ReusingMemory::bytes();
            CHECK(now.mapped <= now.most + kHuge);
            CHECK(now.most <= (size_t(3 + 36) << 20) + kHuge);
        }
        reusing.rest();
        const auto resting = ReusingMemory::bytes();
        at::Tensor again = bytes(16);
        again.fill_(1);
        CHECK(ReusingMemory::bytes().mapped <= resting.mapped);
    }
    CHECK(ReusingMemory::bytes().mapped == 0);
}
