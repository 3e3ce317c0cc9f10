// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu/packed.h"

#include <cstring>
#include <string>

#include "core/error.h"

namespace moonlet::cpu {

namespace {

Panels layout(Packing packing, int64_t rows, int64_t width, int64_t group) {
    if (rows < 1 || width < 1)
        throw Error("a weight of " + std::to_string(rows) + " x " + std::to_string(width),
                    "at least one row and one column");
    Panels p{};
    p.packing = packing;
    p.rows = rows;
    p.width = width;
    p.groups = q8_groups_of(width);
    p.header_bytes = 64;
    p.code_bytes = packing == Packing::int8 ? 512 : packing == Packing::q6_k ? 384 : 256;
    if (packing == Packing::mxfp4) {
        p.block_groups = 4;
    } else if (packing == Packing::q4_k || packing == Packing::q6_k) {
        p.block_groups = 8;
        p.header_bytes = 320;
    } else if (group == 0) {
        p.block_groups = p.groups;
        p.scale_shift = 62;  // past every group's number
    } else {
        if (group != 32 && group != 64 && group != 128)
            throw Error("a group of " + std::to_string(group), "32, 64, 128, or 0 for whole rows");
        p.scale_shift = group == 32 ? 0 : group == 64 ? 1 : 2;
        p.block_groups = int64_t(2) << p.scale_shift;  // two scales fill a line of the cache
    }
    const int64_t blocks = (p.groups + p.block_groups - 1) / p.block_groups;
    p.panel_bytes = blocks * p.header_bytes + p.groups * p.code_bytes;
    return p;
}

}  // namespace

PackedWeights::PackedWeights(Packing packing, int64_t rows, int64_t width, int64_t group)
    : panels_(layout(packing, rows, width, group)) {
    const int64_t count = (rows + kPanelRows - 1) / kPanelRows;
    data_ = large_memory(size_t(count * panels_.panel_bytes));
    units_.assign(size_t(count), 1.0f);
    panels_.data = data_.get();
    panels_.units = units_.data();
}

RowWeights::Form PackedWeights::form(bool x_is_bf16) const {
    return x_is_bf16 ? Form::q8 : Form::f32;
}

void PackedWeights::multiply(const Rows& x, int64_t begin, int64_t end, float* y,
                             int64_t stride) const {
    if (x.count == 0) return;
    const Kernels& table = kernels();
    (x.q8 ? table.packed_q8 : table.packed_f32)(panels_, x, begin, end, y, stride);
}

namespace {

// The kernels begin at whole panels.
template <class T, class Unpack>
void unpack_any(const Panels& panels, int64_t begin, int64_t end, T* out, Unpack unpack) {
    const int64_t first = (begin + kPanelRows - 1) / kPanelRows * kPanelRows;
    if (begin < first) {
        const int64_t from = first - kPanelRows, last = first < end ? first : end;
        std::vector<T> rows(size_t((last - from) * panels.width));
        unpack(panels, from, last, rows.data());
        std::memcpy(out, rows.data() + (begin - from) * panels.width,
                    size_t((last - begin) * panels.width) * sizeof(T));
        out += (last - begin) * panels.width;
    }
    if (first < end) unpack(panels, first, end, out);
}

}  // namespace

void PackedWeights::unpack(int64_t begin, int64_t end, float* out) const {
    unpack_any(panels_, begin, end, out, kernels().unpack_f32);
}

void PackedWeights::unpack(int64_t begin, int64_t end, uint16_t* out) const {
    unpack_any(panels_, begin, end, out, kernels().unpack_bf16);
}

size_t PackedWeights::bytes() const {
    return units_.size() * (size_t(panels_.panel_bytes) + 4) + bias_.size() * 4;
}

}  // namespace moonlet::cpu
