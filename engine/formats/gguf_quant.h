// SPDX-License-Identifier: Apache-2.0
// Types of tensors in GGUF files: how many values a block holds in how many bytes, and the way to
// floats and back. Blocks lie side by side; a row is a whole number of them, so any range of blocks
// can be turned alone, by any thread. Dequantising gives the bits that gguf-py gives; so does
// quantising to F16, BF16, Q8_0, Q4_0 and Q4_1, while Q4_K and Q6_K search for scales of least
// error. Layouts: ggml-common.h and quants.py of the gguf package. Knows no file and no tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moonlet {

// The numbers that stand in files; those missing here were withdrawn by ggml.
enum class GgmlType : uint32_t {
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q8_1 = 9,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    Q8_K = 15,
    IQ2_XXS = 16,
    IQ2_XS = 17,
    IQ3_XXS = 18,
    IQ1_S = 19,
    IQ4_NL = 20,
    IQ3_S = 21,
    IQ2_S = 22,
    IQ4_XS = 23,
    I8 = 24,
    I16 = 25,
    I32 = 26,
    I64 = 27,
    F64 = 28,
    IQ1_M = 29,
    BF16 = 30,
    TQ1_0 = 34,
    TQ2_0 = 35,
    MXFP4 = 39,
    NVFP4 = 40,
    Q1_0 = 41,
};

// Error: the number is no type of this list (withdrawn ones say so); `where` opens the message.
GgmlType ggml_type_from_number(uint32_t number, const std::string& where);
std::optional<GgmlType> ggml_type_from_name(const std::string& name);  // "Q4_K"; case is ignored
const char* ggml_type_name(GgmlType type);                             // "Q4_K"
size_t ggml_block_size(GgmlType type);   // values of a block, 1 or more
size_t ggml_block_bytes(GgmlType type);  // bytes of a block
bool ggml_can_dequantize(GgmlType type);
bool ggml_can_quantize(GgmlType type);
std::vector<std::string> ggml_quantizable_types();  // names, for messages and options

// `count` values from `blocks`, which holds count / block_size blocks; `blocks` may be unaligned.
// Error: count is no multiple of the block, or the type (Q8_1, Q8_K: ggml's own intermediate
// results, never in a file) has no way to floats. Integers and F64 become the nearest float.
void dequantize(GgmlType type, const std::byte* blocks, int64_t count, float* out);
// Its twin for any machine: dequantize takes AVX2 where the processor has it. The same bits.
void dequantize_plain(GgmlType type, const std::byte* blocks, int64_t count, float* out);

// The other way, for F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q4_K Q6_K. Error: another type, count no multiple
// of the block, and for the types with scales a value that is not finite or too large for a half's
// scale (F16 itself rounds it to infinity, as every conversion does).
void quantize(GgmlType type, const float* values, int64_t count, std::byte* out);

}  // namespace moonlet
