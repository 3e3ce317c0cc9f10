// SPDX-License-Identifier: Apache-2.0
// Reading and writing on the CPU goes by memcpy and plain loops: a decode step does it for every
// layer, and a handful of tensor operations there would cost more than the bytes.
#include "generation/kv_pages.h"

#include <ATen/Dispatch.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "core/error.h"

namespace moonlet {

namespace {

std::string size_text(size_t bytes) {
    if (bytes < 10'000'000) return std::to_string((bytes + 999) / 1000) + " kB";
    return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

at::Tensor part_of(const KvPage& page, int64_t layer, int part) {
    return page.numbers[layer][part];  // [heads, kKvPage, head_dim]
}

template <typename T>
void quantise(const T* x, int64_t n, int8_t* to, float* scale) {
    float most = 0;
    for (int64_t i = 0; i < n; ++i) most = std::max(most, std::fabs(float(x[i])));
    *scale = most / 127;
    const float by = most > 0 ? 127 / most : 0;
    for (int64_t i = 0; i < n; ++i)
        to[i] = static_cast<int8_t>(std::clamp(std::nearbyint(float(x[i]) * by), -127.f, 127.f));
}

// x of any strides but a contiguous last dimension.
at::Tensor rows_of(const at::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

}  // namespace

KvPool::KvPool(const KvLayout& layout, KvBudget budget) : layout_(layout), budget_(budget) {
    const size_t vectors = size_t(layout.layers * 2 * layout.heads * kKvPage);
    page_bytes_ = layout.int8 ? vectors * size_t(layout.head_dim + int64_t(sizeof(float)))
                              : vectors * size_t(layout.head_dim) * c10::elementSize(layout.dtype);
}

bool KvPool::fits(size_t pages, size_t kept_bytes) const {
    const size_t used = *held_ - std::min(kept_bytes, *held_);
    return budget_.bytes == 0 || used + pages * page_bytes_ <= budget_.bytes;
}

KvPageRef KvPool::take() {
    while (!fits(1, 0) && make_room && make_room()) {
    }
    if (budget_.strict && !fits(1, 0))
        throw Error("keys and values of " + size_text(*held_ + page_bytes_),
                    "at most " + size_text(budget_.bytes) + ", the model's kv_budget",
                    "shorten the text, or give models.load a larger kv_budget");
    c10::InferenceMode guard;  // whoever asks
    auto page = std::make_shared<KvPage>();
    auto options = at::TensorOptions().dtype(layout_.dtype).device(layout_.device);
    if (layout_.int8) {
        page->scales =
            at::empty({layout_.layers, 2, layout_.heads, kKvPage}, options.dtype(at::kFloat));
        options = options.dtype(at::kChar);
    }
    page->numbers =
        at::empty({layout_.layers, 2, layout_.heads, kKvPage, layout_.head_dim}, options);
    page->bytes = page_bytes_;
    page->held = held_;
    *held_ += page_bytes_;
    return page;
}

KvPageRef KvPool::copy(const KvPage& from) {
    c10::InferenceMode guard;
    KvPageRef page = take();
    page->numbers.copy_(from.numbers);
    if (from.scales.defined()) page->scales.copy_(from.scales);
    return page;
}

void write_page(KvPage& page, const KvLayout& layout, int64_t layer, int part, int64_t first,
                const at::Tensor& given) {
    const int64_t heads = layout.heads, count = given.size(1), width = layout.head_dim;
    if (!layout.device.is_cpu()) {
        at::Tensor to = part_of(page, layer, part).narrow(1, first, count);
        if (!layout.int8) {
            to.copy_(given);
            return;
        }
        at::Tensor x = given.to(at::kFloat), most = x.abs().amax(-1);
        at::Tensor by = at::where(most > 0, most.reciprocal() * 127, at::zeros_like(most));
        to.copy_((x * by.unsqueeze(-1)).round().clamp(-127, 127));
        page.scales[layer][part].narrow(1, first, count).copy_(most / 127);
        return;
    }
    const at::Tensor x = rows_of(given.to(layout.dtype));
    const int64_t start = (layer * 2 + part) * heads * kKvPage + first;  // in vectors
    if (layout.int8) {
        auto* to = page.numbers.data_ptr<int8_t>() + start * width;
        float* scales = page.scales.data_ptr<float>() + start;
        AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, layout.dtype, "write_page", [&] {
            const auto* from = x.const_data_ptr<scalar_t>();
            for (int64_t h = 0; h < heads; ++h)
                for (int64_t t = 0; t < count; ++t)
                    quantise(from + h * x.stride(0) + t * x.stride(1), width,
                             to + (h * kKvPage + t) * width, scales + h * kKvPage + t);
        });
        return;
    }
    const size_t bytes = x.element_size(), vector = size_t(width) * bytes;
    auto* to = static_cast<char*>(page.numbers.data_ptr()) + size_t(start) * vector;
    const auto* from = static_cast<const char*>(x.const_data_ptr());
    for (int64_t h = 0; h < heads; ++h) {
        const char* row = from + size_t(h * x.stride(0)) * bytes;
        char* out = to + size_t(h * kKvPage) * vector;
        for (int64_t t = 0; t < count; ++t)
            std::memcpy(out + size_t(t) * vector, row + size_t(t * x.stride(1)) * bytes, vector);
    }
}

void read_page(const KvPage& page, const KvLayout& layout, int64_t layer, int part, int64_t count,
               const at::Tensor& out) {
    const int64_t heads = layout.heads, width = layout.head_dim;
    if (!layout.device.is_cpu()) {
        at::Tensor from = part_of(page, layer, part).narrow(1, 0, count);
        if (!layout.int8) out.copy_(from);
        else
            out.copy_(from.to(at::kFloat) *
                      page.scales[layer][part].narrow(1, 0, count).unsqueeze(-1));
        return;
    }
    const int64_t start = (layer * 2 + part) * heads * kKvPage;
    if (layout.int8) {
        const auto* from = page.numbers.const_data_ptr<int8_t>() + start * width;
        const float* scales = page.scales.const_data_ptr<float>() + start;
        AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, layout.dtype, "read_page", [&] {
            auto* to = static_cast<scalar_t*>(out.data_ptr());
            for (int64_t h = 0; h < heads; ++h)
                for (int64_t t = 0; t < count; ++t) {
                    const int64_t vector = h * kKvPage + t;
                    scalar_t* row = to + h * out.stride(0) + t * out.stride(1);
                    for (int64_t i = 0; i < width; ++i)
                        row[i] = scalar_t(float(from[vector * width + i]) * scales[vector]);
                }
        });
        return;
    }
    // Positions of a head lie one behind the other, here and there.
    const size_t bytes = out.element_size(), vector = size_t(width) * bytes;
    const auto* from = static_cast<const char*>(page.numbers.const_data_ptr()) + start * vector;
    auto* to = static_cast<char*>(out.data_ptr());
    for (int64_t h = 0; h < heads; ++h)
        std::memcpy(to + size_t(h * out.stride(0)) * bytes, from + size_t(h * kKvPage) * vector,
                    size_t(count) * vector);
}

}  // namespace moonlet
