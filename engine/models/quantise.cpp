// SPDX-License-Identifier: Apache-2.0
#include "models/quantise.h"

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "models/classifier.h"
#include "models/sources.h"
#include "ops/grad.h"
#include "ops/packed_weight.h"

namespace moonlet {

namespace {

cpu::Packing packing_of(const std::string& type) {
    if (type == "int8") return cpu::Packing::int8;
    if (type == "int4") return cpu::Packing::int4;
    if (type == "nf4") return cpu::Packing::nf4;
    throw Error("quant " + quote(type), "\"int8\", \"int4\", \"nf4\" or \"none\"");
}

// Nothing packed.
class PlainSource : public TensorSource {
  public:
    explicit PlainSource(std::shared_ptr<TensorSource> source) : source_(std::move(source)) {}
    bool has(const std::string& name) const override { return source_->has(name); }
    std::vector<std::string> names() const override { return source_->names(); }
    void release(const std::string& name) override { source_->release(name); }
    at::Tensor get(const std::string& name, at::IntArrayRef shape, Init init) override {
        return source_->get(name, shape, init);
    }

  protected:
    std::shared_ptr<TensorSource> source_;
};

// Every Linear's weight packed, nothing else.
class QuantisingSource : public PlainSource {
  public:
    QuantisingSource(std::shared_ptr<TensorSource> source, const QuantOptions& options)
        : PlainSource(std::move(source)),
          packing_(packing_of(options.type)),
          group_(options.group_size > 0          ? options.group_size
                 : packing_ == cpu::Packing::nf4 ? 64
                                                 : 32) {}

    bool packs(const std::string& name, const WeightShape&) override {
        return source_->has(name) && !is_classifier_name(name);
    }
    std::shared_ptr<LinearWeight> packed(const std::string& name, const WeightShape& shape,
                                         at::ScalarType dtype, const at::Tensor& bias) override {
        interrupt::check();
        at::NoGradGuard no_grad;
        at::Tensor dense = source_->get(name, shape.stored(), {});
        if (shape.transposed) dense = dense.t();
        auto release = [&] { source_->release(name); };
        auto weight = quantised_weight(dense, packing_, group_, bias, dtype, releasing(release));
        release();
        report_progress({"quantising", double(++done_), 0, "weights", ""});
        return weight;
    }

  private:
    cpu::Packing packing_;
    int64_t group_, done_ = 0;
};

}  // namespace

void check_quant(const QuantOptions& o) {
    if (o.type != "none") packing_of(o.type);
    if (o.group_size != 0 && o.group_size != 32 && o.group_size != 64 && o.group_size != 128)
        throw Error("group_size " + std::to_string(o.group_size), "32, 64 or 128");
}

std::shared_ptr<TensorSource> quantising(std::shared_ptr<TensorSource> source,
                                         const QuantOptions& options) {
    check_quant(options);
    if (options.type == "none") return std::make_shared<PlainSource>(std::move(source));
    return std::make_shared<QuantisingSource>(std::move(source), options);
}

}  // namespace moonlet
