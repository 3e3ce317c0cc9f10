// SPDX-License-Identifier: Apache-2.0
#include "models/inputs.h"

#include <algorithm>

#include "core/error.h"
#include "ops/few_rows.h"
#include "ops/grad.h"

namespace moonlet {

namespace {

// Positions count from the first token of a document, where ids change along the row.
at::Tensor within_documents(const at::Tensor& documents, const at::Tensor& index) {
    at::Tensor starts = at::zeros_like(documents);
    int64_t count = documents.size(1);
    if (count > 1) {
        at::Tensor changed = documents.narrow(1, 1, count - 1) != documents.narrow(1, 0, count - 1);
        starts.narrow(1, 1, count - 1).copy_(changed * index.narrow(1, 1, count - 1));
    }
    return index - std::get<0>(starts.cummax(1));
}

at::Tensor positions_of(const ModelInput& input, const at::Tensor& mask,
                        const at::Tensor& documents, int64_t past, const at::Tensor& ids) {
    if (input.positions.defined()) {
        at::Tensor given = input.positions.to(ids.device(), at::kLong);
        if (given.dim() != 2 || given.size(1) != ids.size(1))
            throw Error("positions of another shape than the ids", "[B, T]");
        return given;
    }
    int64_t count = ids.size(1);
    if (documents.defined())
        return within_documents(documents, at::arange(count, ids.options()).unsqueeze(0));
    if (mask.defined())
        return (mask.to(at::kLong).cumsum(1) - 1).clamp_min(0).narrow(1, past, count);
    return at::arange(past, past + count, ids.options()).unsqueeze(0);
}

// Fills in_line and counted.
void read_rows(const at::Tensor& mask, PreparedInput& p) {
    p.in_line = true;
    if (!mask.defined()) return;
    const at::Tensor seen = mask.to(at::kBool).contiguous();
    const bool* at = seen.const_data_ptr<bool>();
    const int64_t width = seen.size(1);
    for (int64_t row = 0; row < seen.size(0); ++row, at += width) {
        const bool* first = std::find(at, at + width, true);
        p.in_line = p.in_line && std::find(first, at + width, false) == at + width;
        p.counted.push_back(at + width - first);
    }
}

}  // namespace

PreparedInput prepare(const ModelInput& input, bool causal, const Parameters& parameters,
                      int64_t window) {
    if (!input.ids.defined() || input.ids.dim() != 2 || input.ids.scalar_type() != at::kLong ||
        input.ids.size(1) == 0)
        throw Error("ids of another kind", "int64 [batch, tokens] with at least one token");
    if (input.cache && !causal) throw Error("a cache for an encoder", "none");
    at::NoGradGuard no_grad;
    PreparedInput p;
    const at::Device device = parameters.device();
    p.cache = input.cache;
    p.past = input.cache ? input.cache->length() : 0;
    p.ids = input.ids.to(device);
    auto moved = [&](const at::Tensor& t) { return t.defined() ? t.to(device) : t; };
    at::Tensor mask = moved(input.mask), documents = moved(input.documents);
    ops::MaskOptions options{p.ids.size(1),      p.past, causal, mask, documents,
                             parameters.dtype(), device};
    p.mask = ops::make_mask(options);
    options.window = window;
    if (window > 0) p.sliding = ops::make_mask(options);
    p.window = window;
    if (p.cache && !documents.defined() && device.is_cpu() && p.ids.numel() <= ops::kFewRows)
        read_rows(mask, p);
    p.documents = documents;
    p.lengths = moved(input.lengths);
    p.positions = positions_of(input, mask, documents, p.past, p.ids);
    return p;
}

const KvPages* pages_of(const PreparedInput& input, int64_t layer) {
    if (!input.cache || !input.in_line) return nullptr;
    const int64_t batch = input.ids.size(0), tokens = input.ids.size(1);
    const KvPages* pages = input.cache->pages(layer, tokens);
    if (!pages || int64_t(pages->rows.size()) != batch) return nullptr;
    for (int64_t row = 0; row < batch; ++row) {
        const int64_t counted =
            input.counted.empty() ? input.past + tokens : input.counted[size_t(row)];
        if (pages->rows[size_t(row)].length + tokens != counted) return nullptr;
    }
    return pages;
}

ops::Angles angles_of(const ops::Rope& rope, const PreparedInput& input, at::ScalarType dtype) {
    at::Tensor lengths;
    if (rope.by_length()) {
        at::NoGradGuard no_grad;
        if (input.lengths.defined()) {
            lengths = input.lengths;
        } else if (input.documents.defined()) {
            at::Tensor same = input.documents.unsqueeze(2) == input.documents.unsqueeze(1);
            lengths = (same * (input.positions + 1).unsqueeze(1)).amax(2);
        } else {
            lengths = input.positions.amax(1, true) + 1;
        }
    }
    return rope.angles(input.positions, dtype, lengths);
}

}  // namespace moonlet
