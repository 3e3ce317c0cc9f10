// SPDX-License-Identifier: Apache-2.0
#include "ops/packed_weight.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/interrupt.h"
#include "ops/cpu/isa.h"
#include "ops/cpu/pool.h"
#include "ops/few_rows.h"
#include "ops/grad.h"

namespace moonlet {

namespace {

constexpr int64_t kBlockBytes = 1 << 21;  // of dense rows at a time

const uint16_t* bits(const at::Tensor& x) {
    return static_cast<const uint16_t*>(x.const_data_ptr());
}

class PackedWeight : public LinearWeight, public std::enable_shared_from_this<PackedWeight> {
  public:
    PackedWeight(std::unique_ptr<cpu::PackedWeights> weights, const char* kind,
                 const at::Tensor& bias, at::ScalarType dtype)
        : kind_(kind), bias_(bias), dtype_(dtype) {
        if (bias.defined()) weights->set_bias(ops::bias_values(bias));
        weights_ = std::move(weights);
    }

    at::Tensor apply(const at::Tensor& x) const override;
    int64_t in_features() const override { return weights_->in_features(); }
    int64_t out_features() const override { return weights_->out_features(); }
    size_t bytes() const override {
        return weights_->bytes() + (bias_.defined() ? bias_.nbytes() : 0);
    }
    const char* kind() const override { return kind_; }
    at::Tensor dense_weight() const override { return rows(0, out_features(), dtype_); }
    at::Tensor bias() const override { return bias_; }
    const cpu::RowWeights* row_kernel() const override { return weights_.get(); }

    // Some rows as numbers, [end - begin, in].
    at::Tensor rows(int64_t begin, int64_t end, at::ScalarType type) const;
    // Calls use(rows, begin, end) for all rows, some at a time, in `type`.
    template <class Use>
    void by_blocks(at::ScalarType type, Use use) const;
    // x [M, in] -> [M, out], with the bias.
    at::Tensor product(const at::Tensor& x) const;

  private:
    std::shared_ptr<const cpu::PackedWeights> weights_;
    const char* kind_;
    at::Tensor bias_;
    at::ScalarType dtype_;
};

at::Tensor PackedWeight::rows(int64_t begin, int64_t end, at::ScalarType type) const {
    const bool narrow = type == at::kBFloat16;
    at::Tensor dense = at::empty({end - begin, in_features()}, narrow ? type : at::kFloat);
    void* out = dense.data_ptr();
    cpu::together([&](cpu::Team& team) {
        const auto [first, last] = team.part(end - begin, 16);
        const int64_t at = first * in_features();
        if (first >= last) return;
        if (narrow) weights_->unpack(begin + first, begin + last, static_cast<uint16_t*>(out) + at);
        else weights_->unpack(begin + first, begin + last, static_cast<float*>(out) + at);
    });
    return dense.to(type);
}

template <class Use>
void PackedWeight::by_blocks(at::ScalarType type, Use use) const {
    const int64_t row_bytes = std::max<int64_t>(1, in_features() * c10::elementSize(type));
    const int64_t step = std::max<int64_t>(16, kBlockBytes / row_bytes / 16 * 16);
    for (int64_t begin = 0; begin < out_features(); begin += step) {
        interrupt::check();
        const int64_t end = std::min(out_features(), begin + step);
        use(rows(begin, end, type), begin, end);
    }
}

at::Tensor PackedWeight::product(const at::Tensor& x) const {
    const bool narrow = x.scalar_type() == at::kBFloat16;
    const bool exact = x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble;
    const bool tiles = narrow && cpu::isa() == cpu::Isa::amx;
    if (x.size(0) > ops::kFewRows && (tiles || exact)) {
        at::Tensor y = at::empty({x.size(0), out_features()}, x.options());
        by_blocks(x.scalar_type(), [&](const at::Tensor& w, int64_t begin, int64_t end) {
            at::Tensor part = y.narrow(1, begin, end - begin);
            part.copy_(at::linear(x, w));
            if (bias_.defined()) part.add_(bias_.narrow(0, begin, end - begin));
        });
        return y;
    }
    // f16 is read as bf16 would be, from f32.
    const auto form = weights_->form(!exact);
    return ops::few_rows_linear(narrow ? x : x.to(at::kFloat), *weights_, form).to(x.scalar_type());
}

struct Held : torch::CustomClassHolder {
    explicit Held(std::shared_ptr<const PackedWeight> w) : weight(std::move(w)) {}
    std::shared_ptr<const PackedWeight> weight;
};

// The weight has no gradient; that of x is grad W, by blocks of W's rows.
struct Product : torch::autograd::Function<Product> {
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              std::shared_ptr<const PackedWeight> weight) {
        context->saved_data["weight"] = c10::IValue::make_capsule(
            c10::intrusive_ptr<torch::CustomClassHolder>(c10::make_intrusive<Held>(weight)));
        at::NoGradGuard no_grad;
        return weight->product(x);
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        auto held =
            c10::static_intrusive_pointer_cast<Held>(context->saved_data["weight"].toCapsule());
        at::NoGradGuard no_grad;
        const at::Tensor& g = gradients[0];
        at::Tensor sum =
            at::zeros({g.size(0), held->weight->in_features()}, g.options().dtype(at::kFloat));
        held->weight->by_blocks(g.scalar_type(), [&](const at::Tensor& w, int64_t b, int64_t e) {
            sum.add_(at::matmul(g.narrow(1, b, e - b), w));
        });
        return {sum.to(g.scalar_type()), {}};
    }
};

at::Tensor PackedWeight::apply(const at::Tensor& x) const {
    if (x.dim() == 0 || x.size(-1) != in_features())
        throw Error("activations of another width than the weight's " +
                    std::to_string(in_features()));
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = out_features();
    at::Tensor flat = x.reshape({-1, in_features()});
    at::Tensor y = ops::records_gradient(x) ? Product::apply(flat, shared_from_this())
                                            : product(flat.detach());
    return y.view(shape);
}

const char* name_of(cpu::Packing packing) {
    switch (packing) {
        case cpu::Packing::int8: return "int8";
        case cpu::Packing::int4: return "int4";
        case cpu::Packing::nf4: return "nf4";
        case cpu::Packing::mxfp4: return "mxfp4";
        case cpu::Packing::q4_k: return "q4_k";
        case cpu::Packing::q6_k: return "q6_k";
    }
    return "packed";
}

const char* name_of(cpu::Blocks type) {
    switch (type) {
        case cpu::Blocks::q8_0: return "q8_0";
        case cpu::Blocks::q4_0: return "q4_0";
        case cpu::Blocks::q4_k: return "q4_k";
        case cpu::Blocks::q6_k: return "q6_k";
        case cpu::Blocks::mxfp4: return "mxfp4";
    }
    return "packed";
}

}  // namespace

std::shared_ptr<LinearWeight> quantised_weight(const at::Tensor& given, cpu::Packing packing,
                                               int64_t group, const at::Tensor& bias,
                                               at::ScalarType dtype, const cpu::Between& between) {
    const bool narrow = given.scalar_type() == at::kBFloat16;
    const at::Tensor dense = (narrow ? given : given.to(at::kFloat)).contiguous();
    const int64_t rows = dense.size(0), width = dense.size(1);
    auto weights =
        narrow ? cpu::pack(packing, bits(dense), rows, width, group, between)
               : cpu::pack(packing, dense.const_data_ptr<float>(), rows, width, group, between);
    return std::make_shared<PackedWeight>(std::move(weights), name_of(packing), bias, dtype);
}

std::shared_ptr<LinearWeight> blocks_weight(const at::Tensor& rows, cpu::Blocks type, int64_t in,
                                            const at::Tensor& bias, at::ScalarType dtype,
                                            const cpu::Between& between) {
    auto weights = cpu::pack_blocks(type, rows.const_data_ptr(), rows.size(0), in, between);
    return std::make_shared<PackedWeight>(std::move(weights), name_of(type), bias, dtype);
}

}  // namespace moonlet
