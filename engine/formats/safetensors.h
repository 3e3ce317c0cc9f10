// SPDX-License-Identifier: Apache-2.0
// Named tensors as bytes: a file, or a folder of shards, mapped and checked before anything is
// used. Layout (huggingface/safetensors): u64 little-endian header length N; N bytes of JSON, name
// ->
// {"dtype", "shape", "data_offsets": [begin, end]} plus "__metadata__" of strings; then the data,
// on which the offsets count, row-major little-endian, covered without holes or overlaps. Knows
// bytes and views; it makes no tensors and converts nothing. Views keep the map alive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace moonlet {

enum class Dtype : uint8_t {
    BOOL,
    U8,
    I8,
    F8_E4M3,
    F8_E5M2,
    F8_E8M0,
    F8_E4M3FNUZ,
    F8_E5M2FNUZ,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    F64,
    I64,
    U64,
    C64,
};
const char* dtype_name(Dtype dtype);  // "BF16"
size_t dtype_bytes(Dtype dtype);      // of one scalar
// Error: not a dtype of the format, or one of less than a byte (F4, F6), with the list of known
// ones.
Dtype dtype_from_name(std::string_view name);

struct TensorView {
    Dtype dtype = Dtype::F32;
    std::vector<int64_t> shape;         // {} is a scalar
    const std::byte* data = nullptr;    // maybe unaligned: old writers did not pad the header
    size_t bytes = 0;                   // product(shape) * dtype_bytes, checked
    std::shared_ptr<const void> owner;  // keeps `data` alive; the pages are copy-on-write
};

class Safetensors {
  public:
    // One file. Error, naming file and tensor: shorter than its header says, header absurdly long
    // (over 100 MB), not JSON, unknown dtype, negative or overflowing shape, offsets outside the
    // data, overlapping, leaving holes, or not matching the shape.
    static Safetensors open(const std::string& path);
    // A Hugging Face folder: model.safetensors, else the shards of model.safetensors.index.json.
    // Error: neither is there (and what is, such as pytorch_model.bin), a shard is missing, has not
    // the tensor the index promises, or lies outside the folder.
    static Safetensors open_folder(const std::string& folder);
    // Bytes already in memory, kept alive by `owner`; `what` names them in errors.
    static Safetensors parse(const std::byte* data, size_t size, std::shared_ptr<const void> owner,
                             const std::string& what);

    const TensorView* find(const std::string& name) const;  // nullptr: no such tensor
    const std::map<std::string, TensorView>& tensors() const& { return tensors_; }
    std::map<std::string, TensorView> tensors() && {
        return std::move(tensors_);
    }  // for (… : open(p).tensors())
    const std::map<std::string, std::string>& metadata() const { return metadata_; }

  private:
    std::map<std::string, TensorView> tensors_;
    std::map<std::string, std::string> metadata_;
};

// One tensor to write. `data` is called once, when its turn comes, and must stay valid until the
// returned owner is dropped: tensors of another device or dtype need not all be copied at once.
struct TensorToWrite {
    std::string name;
    Dtype dtype = Dtype::F32;
    std::vector<int64_t> shape;
    std::function<std::shared_ptr<const void>()> data;
};

// Writes one file atomically (core/files.h). The header is padded with spaces to a multiple of 8
// and wide dtypes come first, so that every tensor is aligned. Error: a name twice, negative shape,
// full disk.
void write_safetensors(const std::string& path, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

}  // namespace moonlet
