// SPDX-License-Identifier: Apache-2.0
// Quantised tensors of a GGUF used as they are: their blocks go into panels when a Linear first
// asks for them, rows of a table are unpacked from the file's map one by one. A tensor whose rows
// llama.cpp only put in another order is put back by whole rows of blocks; one that it turned
// otherwise becomes plain numbers, as does one of a type without kernels.
#include "core/error.h"
#include "core/interrupt.h"
#include "models/gguf_model.h"
#include "models/sources.h"
#include "ops/packed_weight.h"

namespace moonlet {

namespace {

std::optional<cpu::Blocks> blocks_of(GgmlType type) {
    switch (type) {
        case GgmlType::Q8_0: return cpu::Blocks::q8_0;
        case GgmlType::Q4_0: return cpu::Blocks::q4_0;
        case GgmlType::Q4_K: return cpu::Blocks::q4_k;
        case GgmlType::Q6_K: return cpu::Blocks::q6_k;
        case GgmlType::MXFP4: return cpu::Blocks::mxfp4;
        default: return std::nullopt;
    }
}

// Whether a move only picks rows or puts them in another order. What a checkpoint keeps [in, out]
// stands in the file by rows of a Linear.
bool by_rows(GgufMove move, bool transposed, bool stacked) {
    if (stacked) return move == GgufMove::gate_up_in_turns || move == GgufMove::experts_transposed;
    if (transposed) return move == GgufMove::transposed;
    switch (move) {
        case GgufMove::same:
        case GgufMove::experts:
        case GgufMove::rotary_q:
        case GgufMove::rotary_k:
        case GgufMove::qkv_by_head:
        case GgufMove::part_q:
        case GgufMove::part_k:
        case GgufMove::part_v:
        case GgufMove::part_q_rotary:
        case GgufMove::part_k_rotary:
        case GgufMove::joined: return true;
        default: return false;
    }
}

// Rows of blocks in the order of the checkpoint.
at::Tensor moved_rows(GgufMove move, const std::vector<at::Tensor>& parts, const GgufSizes& sizes) {
    switch (move) {
        case GgufMove::transposed:
        case GgufMove::experts_transposed: return parts.at(0);
        case GgufMove::gate_up_in_turns:
            return at::stack({parts.at(0), parts.at(1)}, 1).flatten(0, 1);
        default: return to_checkpoint(move, parts, sizes);
    }
}

// The blocks as bytes [rows, bytes of a row], a view of the map.
at::Tensor bytes_of(const GgufTensor& t, int64_t expert) {
    int64_t rows = 1;
    for (size_t i = 0; i + 1 < t.shape.size(); ++i) rows *= t.shape[i];
    const std::byte* data = t.data;
    if (expert >= 0) {
        rows /= t.shape[0];
        data += size_t(expert) * (t.bytes / size_t(t.shape[0]));
    }
    const int64_t row =
        int64_t(ggml_block_bytes(t.type)) * t.shape.back() / int64_t(ggml_block_size(t.type));
    return at::from_blob(
        const_cast<std::byte*>(data), {rows, row},
        [owner = t.owner](void*) mutable { owner.reset(); }, at::kByte);
}

// A table's rows straight from the file.
class GgufRows : public PackedRows {
  public:
    explicit GgufRows(const GgufTensor& table) : table_(table) {}
    void row(int64_t index, float* values) const override {
        const int64_t width = table_.shape[1];
        dequantize(table_.type, table_.data + size_t(index) * row_bytes(), width, values);
    }
    size_t bytes() const override { return table_.bytes; }

  private:
    size_t row_bytes() const { return table_.bytes / size_t(table_.shape[0]); }
    GgufTensor table_;  // keeps the map
};

}  // namespace

// A stack's row goes by its own place ("….experts.3.…") or by the stack's name and an index.
const GgufSource::Place* GgufSource::packed_place(const std::string& name, const WeightShape& shape,
                                                  int64_t& expert) const {
    auto found = places_.find(name);
    bool stacked = false;
    if (const size_t dot = name.rfind('.'); found == places_.end() && dot != std::string::npos) {
        const std::string index = name.substr(dot + 1);
        if (index.empty() || index.find_first_not_of("0123456789") != std::string::npos)
            return nullptr;
        found = places_.find(name.substr(0, dot));
        expert = std::stoll(index);
        stacked = true;
    }
    if (found == places_.end() || !found->second.row) return nullptr;
    const Place& place = found->second;
    if (!stacked) expert = place.expert;
    if (!by_rows(place.row->move, shape.transposed, stacked)) return nullptr;
    for (const GgufTensor* part : place.parts)
        if (part->type != place.parts[0]->type || !blocks_of(part->type) ||
            part->shape.size() != (expert < 0 ? 2 : 3) || part->shape.back() != shape.in ||
            (expert >= 0 && expert >= part->shape[0]))
            return nullptr;
    return &place;
}

bool GgufSource::packs(const std::string& name, const WeightShape& shape) {
    int64_t expert;
    return packed_place(name, shape, expert) != nullptr;
}

std::shared_ptr<LinearWeight> GgufSource::packed(const std::string& name, const WeightShape& shape,
                                                 at::ScalarType dtype, const at::Tensor& bias) {
    interrupt::check();
    int64_t expert;
    const Place& place = *packed_place(name, shape, expert);
    std::vector<at::Tensor> parts;
    for (const GgufTensor* part : place.parts) parts.push_back(bytes_of(*part, expert));
    const at::Tensor bytes = moved_rows(place.row->move, parts, sizes_).contiguous();
    if (bytes.size(0) != shape.out)
        throw Error("tensor " + quote(place.parts[0]->name, 120) + " in " + model_->where() +
                        " stands for " + quote(name, 120) + " of " + std::to_string(bytes.size(0)) +
                        " rows",
                    std::to_string(shape.out) + " by its metadata");
    // What has been read of the map leaves memory on the way: a table and its panels are large.
    auto release = [&] {
        for (const GgufTensor* part : place.parts) release_pages(part->data, part->bytes);
    };
    auto weight = blocks_weight(bytes, blocks_of(place.parts[0]->type).value(), shape.in, bias,
                                dtype, releasing(release));
    release();
    return weight;
}

std::shared_ptr<const PackedRows> GgufSource::packed_rows(const std::string& name,
                                                          at::IntArrayRef shape) {
    int64_t expert;
    const Place* place = packed_place(name, {shape[0], shape[1]}, expert);
    if (!place || place->row->move != GgufMove::same || place->parts[0]->shape[0] != shape[0])
        return nullptr;
    return std::make_shared<GgufRows>(*place->parts[0]);
}

}  // namespace moonlet
