// SPDX-License-Identifier: Apache-2.0
#include "ops/decode_parts.h"

namespace moonlet::ops {

namespace {

using Form = cpu::RowWeights::Form;

constexpr size_t kBlockBytes = 1 << 16, kAlign = 64;

}  // namespace

Scratch& Scratch::of_this_thread() {
    static thread_local Scratch scratch;
    return scratch;
}

void Scratch::clear() {
    if (blocks_.size() > 1) {  // next time it fits into one
        size_t all = 0;
        for (const Block& block : blocks_) all += block.bytes.size();
        blocks_.clear();
        blocks_.emplace_back().bytes.resize(all);
    }
    for (Block& block : blocks_) block.used = 0;
}

void* Scratch::take_bytes(size_t bytes) {
    const size_t want = (bytes + kAlign - 1) / kAlign * kAlign + kAlign;
    if (blocks_.empty() || blocks_.back().bytes.size() - blocks_.back().used < want) {
        const size_t last = blocks_.empty() ? 0 : blocks_.back().bytes.size();
        blocks_.emplace_back().bytes.resize(std::max({want, kBlockBytes, 2 * last}));
    }
    Block& block = blocks_.back();
    auto at = reinterpret_cast<uintptr_t>(block.bytes.data()) + block.used;
    at = (at + kAlign - 1) / kAlign * kAlign;
    block.used += want;
    return reinterpret_cast<void*>(at);
}

InputRows& InputRows::of_this_thread(int slot) {
    static thread_local InputRows rows[2];
    return rows[slot];
}

void InputRows::begin(std::initializer_list<const cpu::RowWeights*> weights, const void* x,
                      bool is_bf16, int64_t count, int64_t width) {
    x_ = x;
    is_bf16_ = is_bf16;
    plain_ = {};
    plain_.count = count;
    plain_.width = width;
    if (is_bf16) plain_.bf16 = static_cast<const uint16_t*>(x);
    else plain_.f32 = static_cast<const float*>(x);
    const Form own = is_bf16 ? Form::bf16 : Form::f32;
    for (bool& wanted : wanted_) wanted = false;
    for (const cpu::RowWeights* w : weights) {
        const Form form = w->form(is_bf16);
        if (form == own || wanted_[size_t(form)]) continue;
        wanted_[size_t(form)] = true;
        prepared_[size_t(form)].resize(form, count, width);
    }
}

bool InputRows::converts() const { return wanted_[0] || wanted_[1] || wanted_[2]; }

void InputRows::fill(cpu::Team& team) {
    const int64_t width = plain_.width, groups = (width + 31) / 32;
    const auto part = team.part(plain_.count * groups);
    for (int64_t at = part.begin; at < part.end;) {
        const int64_t row = at / groups, first = at % groups;
        const int64_t last = std::min(groups, first + part.end - at);
        const int64_t begin = first * 32, end = std::min(width, last * 32);
        for (size_t form = 0; form < 3; ++form) {
            if (!wanted_[form]) continue;
            const int64_t place = row * width + begin;
            if (is_bf16_) prepared_[form].set(row, begin, end, plain_.bf16 + place);
            else prepared_[form].set(row, begin, end, plain_.f32 + place);
        }
        at += last - first;
    }
}

const cpu::Rows& InputRows::rows(const cpu::RowWeights& weights) const {
    const Form form = weights.form(is_bf16_);
    return wanted_[size_t(form)] ? prepared_[size_t(form)].rows() : plain_;
}

}  // namespace moonlet::ops
