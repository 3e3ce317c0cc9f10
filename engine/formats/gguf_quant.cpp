// SPDX-License-Identifier: Apache-2.0
// The table of types, one row each, and the checks before a row's function runs. Everything with a
// scale is checked for finite values here, once, so that the functions need not think of them.
#include "formats/gguf_quant.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "formats/gguf_blocks.h"

namespace moonlet {

namespace {

using namespace ggml;

template <class T>
INLINE void read_numbers(const uint8_t* __restrict in, int64_t count, float* __restrict out) {
    for (int64_t i = 0; i < count; ++i) out[i] = float(load<T>(in + size_t(i) * sizeof(T)));
}

INLINE void read_f32(const uint8_t* __restrict in, int64_t count, float* __restrict out) {
    std::memcpy(out, in, size_t(count) * 4);
}
int64_t float_to_f32(const float* in, int64_t count, uint8_t* out) {
    std::memcpy(out, in, size_t(count) * 4);
    return -1;
}
INLINE void read_f16(const uint8_t* __restrict in, int64_t count, float* __restrict out) {
    for (int64_t i = 0; i < count; ++i) out[i] = load_half(in + 2 * i);
}
int64_t float_to_f16(const float* in, int64_t count, uint8_t* out) {
    for (int64_t i = 0; i < count; ++i) store(out + 2 * i, float_to_half(in[i]));
    return -1;
}
INLINE void read_bf16(const uint8_t* __restrict in, int64_t count, float* __restrict out) {
    for (int64_t i = 0; i < count; ++i) out[i] = bfloat16_to_float(load<uint16_t>(in + 2 * i));
}
int64_t float_to_bf16(const float* in, int64_t count, uint8_t* out) {
    for (int64_t i = 0; i < count; ++i) store(out + 2 * i, float_to_bfloat16(in[i]));
    return -1;
}

constexpr Dequantizers f32_to_float = both<read_f32>, f16_to_float = both<read_f16>,
                       bf16_to_float = both<read_bf16>;
template <class T>
constexpr Dequantizers number_to_float = both<read_numbers<T>>;

struct Row {
    GgmlType type;
    const char* name;
    uint16_t values, bytes;  // of a block
    const Dequantizers* dequantize = nullptr;
    Quantizer quantize = nullptr;
};

constexpr Row kTypes[] = {
    {GgmlType::F32, "F32", 1, 4, &f32_to_float, float_to_f32},
    {GgmlType::F16, "F16", 1, 2, &f16_to_float, float_to_f16},
    {GgmlType::Q4_0, "Q4_0", 32, 18, &q4_0_to_float, float_to_q4_0},
    {GgmlType::Q4_1, "Q4_1", 32, 20, &q4_1_to_float, float_to_q4_1},
    {GgmlType::Q5_0, "Q5_0", 32, 22, &q5_0_to_float},
    {GgmlType::Q5_1, "Q5_1", 32, 24, &q5_1_to_float},
    {GgmlType::Q8_0, "Q8_0", 32, 34, &q8_0_to_float, float_to_q8_0},
    {GgmlType::Q8_1, "Q8_1", 32, 40},
    {GgmlType::Q2_K, "Q2_K", 256, 84, &q2_k_to_float},
    {GgmlType::Q3_K, "Q3_K", 256, 110, &q3_k_to_float},
    {GgmlType::Q4_K, "Q4_K", 256, 144, &q4_k_to_float, float_to_q4_k},
    {GgmlType::Q5_K, "Q5_K", 256, 176, &q5_k_to_float},
    {GgmlType::Q6_K, "Q6_K", 256, 210, &q6_k_to_float, float_to_q6_k},
    {GgmlType::Q8_K, "Q8_K", 256, 292},
    {GgmlType::IQ2_XXS, "IQ2_XXS", 256, 66, &iq2_xxs_to_float},
    {GgmlType::IQ2_XS, "IQ2_XS", 256, 74, &iq2_xs_to_float},
    {GgmlType::IQ3_XXS, "IQ3_XXS", 256, 98, &iq3_xxs_to_float},
    {GgmlType::IQ1_S, "IQ1_S", 256, 50, &iq1_s_to_float},
    {GgmlType::IQ4_NL, "IQ4_NL", 32, 18, &iq4_nl_to_float},
    {GgmlType::IQ3_S, "IQ3_S", 256, 110, &iq3_s_to_float},
    {GgmlType::IQ2_S, "IQ2_S", 256, 82, &iq2_s_to_float},
    {GgmlType::IQ4_XS, "IQ4_XS", 256, 136, &iq4_xs_to_float},
    {GgmlType::I8, "I8", 1, 1, &number_to_float<int8_t>},
    {GgmlType::I16, "I16", 1, 2, &number_to_float<int16_t>},
    {GgmlType::I32, "I32", 1, 4, &number_to_float<int32_t>},
    {GgmlType::I64, "I64", 1, 8, &number_to_float<int64_t>},
    {GgmlType::F64, "F64", 1, 8, &number_to_float<double>},
    {GgmlType::IQ1_M, "IQ1_M", 256, 56, &iq1_m_to_float},
    {GgmlType::BF16, "BF16", 1, 2, &bf16_to_float, float_to_bf16},
    {GgmlType::TQ1_0, "TQ1_0", 256, 54, &tq1_0_to_float},
    {GgmlType::TQ2_0, "TQ2_0", 256, 66, &tq2_0_to_float},
    {GgmlType::MXFP4, "MXFP4", 32, 17, &mxfp4_to_float},
    {GgmlType::NVFP4, "NVFP4", 64, 36, &nvfp4_to_float},
    {GgmlType::Q1_0, "Q1_0", 128, 18, &q1_0_to_float},
};

const Row* find(uint32_t number) {
    for (const Row& row : kTypes)
        if (uint32_t(row.type) == number) return &row;
    return nullptr;
}

const Row& row_of(GgmlType type) {
    if (const Row* row = find(uint32_t(type))) return *row;
    throw Error("no tensor type has the number " + std::to_string(uint32_t(type)));
}

int64_t blocks_of(const Row& row, int64_t count) {
    if (count < 0 || count % row.values != 0)
        throw Error(std::to_string(count) + " values of type " + row.name,
                    "a multiple of " + std::to_string(row.values));
    return count / row.values;
}

}  // namespace

GgmlType ggml_type_from_number(uint32_t number, const std::string& where) {
    if (const Row* row = find(number)) return row->type;
    if (number < 42)
        throw Error(
            where + " has the tensor type " + std::to_string(number) + ", which ggml has withdrawn",
            "", "get the model again in a type of today, such as Q4_K or Q8_0");
    throw Error(where + " has the unknown tensor type " + std::to_string(number), "0 to 41",
                "the file is damaged, or newer than this reader");
}

std::optional<GgmlType> ggml_type_from_name(const std::string& name) {
    auto upper = [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; };
    for (const Row& row : kTypes)
        if (std::equal(name.begin(), name.end(), row.name, row.name + std::strlen(row.name),
                       [&](char a, char b) { return upper(a) == b; }))
            return row.type;
    return std::nullopt;
}

const char* ggml_type_name(GgmlType type) { return row_of(type).name; }
size_t ggml_block_size(GgmlType type) { return row_of(type).values; }
size_t ggml_block_bytes(GgmlType type) { return row_of(type).bytes; }
bool ggml_can_dequantize(GgmlType type) { return row_of(type).dequantize != nullptr; }
bool ggml_can_quantize(GgmlType type) { return row_of(type).quantize != nullptr; }

std::vector<std::string> ggml_quantizable_types() {
    std::vector<std::string> names;
    for (const Row& row : kTypes)
        if (row.quantize) names.emplace_back(row.name);
    return names;
}

namespace {

const Row& readable(GgmlType type) {
    const Row& row = row_of(type);
    if (!row.dequantize)
        throw Error(std::string("a tensor of type ") + row.name,
                    "a type that can be read as numbers", "get the model in another type");
    return row;
}

}  // namespace

void dequantize(GgmlType type, const std::byte* blocks, int64_t count, float* out) {
    static const bool fast = has_avx2();
    const Row& row = readable(type);
    const Dequantizer read = fast ? row.dequantize->avx2 : row.dequantize->plain;
    read(reinterpret_cast<const uint8_t*>(blocks), blocks_of(row, count), out);
}

void dequantize_plain(GgmlType type, const std::byte* blocks, int64_t count, float* out) {
    const Row& row = readable(type);
    row.dequantize->plain(reinterpret_cast<const uint8_t*>(blocks), blocks_of(row, count), out);
}

void quantize(GgmlType type, const float* values, int64_t count, std::byte* out) {
    const Row& row = row_of(type);
    const int64_t n = blocks_of(row, count);
    if (!row.quantize) {
        std::string names;
        for (const std::string& name : ggml_quantizable_types())
            names += (names.empty() ? "" : " ") + name;
        throw Error(std::string("cannot quantise to ") + row.name, "one of " + names);
    }
    if (row.values > 1)
        for (int64_t i = 0; i < count; ++i)
            if (!std::isfinite(values[i]))
                throw Error("value " + std::to_string(i) + " is " + std::to_string(values[i]),
                            std::string("finite numbers to quantise to ") + row.name);
    const int64_t bad = row.quantize(values, n, reinterpret_cast<uint8_t*>(out));
    if (bad >= 0)
        throw Error("values " + std::to_string(bad * row.values) + " and following are too large",
                    std::string("numbers whose scale a half can hold (65504) for ") + row.name,
                    "keep this tensor as F32 or BF16");
}

}  // namespace moonlet
