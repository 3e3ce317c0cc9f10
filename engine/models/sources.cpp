// SPDX-License-Identifier: Apache-2.0
#include "models/sources.h"

#include <ATen/Parallel.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "models/mxfp4.h"

namespace moonlet {

namespace {

constexpr std::pair<Dtype, at::ScalarType> kTypes[] = {
    {Dtype::BOOL, at::kBool},
    {Dtype::U8, at::kByte},
    {Dtype::I8, at::kChar},
    {Dtype::F8_E4M3, at::kFloat8_e4m3fn},
    {Dtype::F8_E5M2, at::kFloat8_e5m2},
    {Dtype::F8_E8M0, at::kFloat8_e8m0fnu},
    {Dtype::F8_E4M3FNUZ, at::kFloat8_e4m3fnuz},
    {Dtype::F8_E5M2FNUZ, at::kFloat8_e5m2fnuz},
    {Dtype::I16, at::kShort},
    {Dtype::U16, at::kUInt16},
    {Dtype::F16, at::kHalf},
    {Dtype::BF16, at::kBFloat16},
    {Dtype::I32, at::kInt},
    {Dtype::U32, at::kUInt32},
    {Dtype::F32, at::kFloat},
    {Dtype::F64, at::kDouble},
    {Dtype::I64, at::kLong},
    {Dtype::U64, at::kUInt64},
    {Dtype::C64, at::kComplexFloat},
};

std::string shape_text(at::IntArrayRef shape) {
    std::ostringstream text;
    text << shape;
    return text.str();
}

// FNV-1a, so that a tensor's numbers follow from its name on every machine.
uint64_t hash(const std::string& name) {
    uint64_t h = 14695981039346656037ull;
    for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
    return h;
}

}  // namespace

at::ScalarType scalar_type(Dtype dtype) {
    for (auto [d, type] : kTypes)
        if (d == dtype) return type;
    throw Error(std::string("no tensor type for ") + dtype_name(dtype));
}

Dtype dtype_of(at::ScalarType type) {
    for (auto [dtype, t] : kTypes)
        if (t == type) return dtype;
    throw Error(std::string("safetensors cannot hold ") + c10::toString(type));
}

at::ScalarType scalar_type_from_name(const std::string& name) {
    static const std::map<std::string, at::ScalarType> names = {
        {"f32", at::kFloat},  {"float32", at::kFloat},     {"bf16", at::kBFloat16},
        {"f16", at::kHalf},   {"bfloat16", at::kBFloat16}, {"float16", at::kHalf},
        {"f64", at::kDouble}, {"float64", at::kDouble},
    };
    auto it = names.find(name);
    if (it == names.end())
        throw Error("dtype " + quote(name), "\"f32\", \"bf16\", \"f16\" or \"f64\"");
    return it->second;
}

std::string dtype_words(at::ScalarType type) {
    return type == at::kBFloat16 ? "bfloat16"
           : type == at::kHalf   ? "float16"
           : type == at::kDouble ? "float64"
                                 : "float32";
}

at::Tensor tensor_of(const TensorView& view) {
    auto options = at::TensorOptions().dtype(scalar_type(view.dtype));
    bool aligned = reinterpret_cast<uintptr_t>(view.data) % dtype_bytes(view.dtype) == 0;
    if (!aligned || view.bytes == 0) {
        at::Tensor copy = at::empty(view.shape, options);
        if (view.bytes) std::memcpy(copy.data_ptr(), view.data, view.bytes);
        return copy;
    }
    return at::from_blob(
        const_cast<std::byte*>(view.data), view.shape,
        [owner = view.owner](void*) mutable { owner.reset(); }, options);
}

void release_pages(const std::byte* data, size_t bytes) {
    constexpr uintptr_t kPage = 4096;
    const auto address = reinterpret_cast<uintptr_t>(data);
    const uintptr_t begin = (address + kPage - 1) / kPage * kPage,
                    end = (address + bytes) / kPage * kPage;
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

std::function<void()> releasing(std::function<void()> release) {
    constexpr int kCalls = 256;
    return [release = std::move(release), calls = 0]() mutable {
        interrupt::check();
        if (++calls % kCalls == 0) release();
    };
}

CheckpointSource::CheckpointSource(Safetensors file, std::string where)
    : file_(std::move(file)), where_(std::move(where)) {}

bool CheckpointSource::is_packed(const std::string& name) const {
    return file_.find(name + "_blocks") && file_.find(name + "_scales");
}

bool CheckpointSource::has(const std::string& name) const {
    return file_.find(name) != nullptr || is_packed(name);
}

std::vector<std::string> CheckpointSource::names() const {
    std::vector<std::string> result;
    for (const auto& [name, view] : file_.tensors()) {
        const std::string base = name.substr(0, name.rfind('_'));
        const bool packed = base.size() < name.size() && is_packed(base) && view.dtype == Dtype::U8;
        if (!packed) result.push_back(name);
        else if (name.ends_with("_blocks")) result.push_back(base);
    }
    return result;
}

void CheckpointSource::release(const std::string& name) {
    if (const TensorView* view = file_.find(name)) release_pages(view->data, view->bytes);
}

at::Tensor CheckpointSource::get(const std::string& name, at::IntArrayRef shape, Init) {
    const TensorView* view = file_.find(name);
    if (!view && is_packed(name)) {
        at::Tensor tensor =
            mxfp4_tensor(*file_.find(name + "_blocks"), *file_.find(name + "_scales"), name);
        if (tensor.sizes() != shape)
            throw Error("MXFP4 tensor " + quote(name, 120) + " in " + where_ + " has shape " +
                            shape_text(tensor.sizes()),
                        shape_text(shape) + " by config.json");
        return tensor;
    }
    if (!view) {
        std::string near = nearest_name(name, names());
        throw Error("no tensor " + quote(name, 120) + " in " + where_,
                    near.empty() ? "" : "it; the nearest there is " + quote(near, 120),
                    "config.json and the weights may be of different models");
    }
    if (at::IntArrayRef(view->shape) != shape)
        throw Error("tensor " + quote(name, 120) + " in " + where_ + " has shape " +
                        shape_text(view->shape),
                    shape_text(shape) + " by config.json");
    return tensor_of(*view);
}

at::ScalarType CheckpointSource::main_dtype() const {
    std::map<at::ScalarType, size_t> bytes;
    for (const auto& [name, view] : file_.tensors())
        if (at::isFloatingType(scalar_type(view.dtype)))
            bytes[scalar_type(view.dtype)] += view.bytes;
    auto most = std::max_element(bytes.begin(), bytes.end(),
                                 [](auto& a, auto& b) { return a.second < b.second; });
    if (most == bytes.end()) throw Error(where_ + " holds no floating-point tensors");
    if (c10::elementSize(most->first) == 1)
        throw Error(where_ + " stores its weights in " + c10::toString(most->first),
                    "f32, bf16 or f16", "quantised checkpoints are not supported yet");
    return most->first;
}

at::Tensor RandomSource::get(const std::string& name, at::IntArrayRef shape, Init init) {
    at::Tensor tensor = at::empty(shape, at::kFloat);
    if (init.kind == Init::ones) return tensor.fill_(1);
    if (init.kind == Init::zeros) return tensor.fill_(0);
    constexpr int64_t kBlock = 1 << 14;  // values drawn from one generator
    float* values = tensor.data_ptr<float>();
    const int64_t count = tensor.numel();
    at::parallel_for(0, (count + kBlock - 1) / kBlock, 4, [&](int64_t begin, int64_t end) {
        for (int64_t block = begin; block < end; ++block) {
            Random random(Random(seed_ ^ hash(name)).next() + uint64_t(block));
            int64_t stop = std::min(count, (block + 1) * kBlock);
            for (int64_t i = block * kBlock; i < stop; ++i)
                values[i] = float(random.normal() * init.std);
        }
    });
    return tensor;
}

}  // namespace moonlet
