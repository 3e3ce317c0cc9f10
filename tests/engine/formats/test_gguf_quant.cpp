// SPDX-License-Identifier: Apache-2.0
// Every type's floats against gguf-py's, bit for bit, over a stream of random blocks (scales that
// are denormal, infinite and no numbers among them); quantisers against gguf-py's bytes, or for
// Q4_K and Q6_K against llama.cpp's limits and its own errors (scripts/golden/gguf.py).
#include "formats/gguf_quant.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/json.h"
#include "core/sha256.h"
#include "formats/half.h"
#include "formats/safetensors.h"
#include "tests/support/test.h"

using namespace moonlet;
using namespace moonlet::test;
using Catch::Matchers::Contains;

namespace {

constexpr uint64_t kSeed = 20261121;

// splitmix64, the same in scripts/golden/gguf.py.
std::vector<uint64_t> stream(uint64_t seed, size_t count) {
    std::vector<uint64_t> out(count);
    for (size_t i = 0; i < count; ++i) {
        uint64_t x = seed + 0x9E3779B97F4A7C15u * uint64_t(i + 1);
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
        x = (x ^ x >> 27) * 0x94D049BB133111EBu;
        out[i] = x ^ x >> 31;
    }
    return out;
}

std::vector<float> numbers(const std::string& kind, size_t count) {
    std::vector<uint64_t> bits = stream(kSeed + kind.size(), count),
                          shifts = stream(kSeed + 99, (count + 31) / 32);
    std::vector<float> out(count);
    for (size_t i = 0; i < count; ++i) {
        int64_t sum = -2 * 65535;
        for (int k = 0; k < 4; ++k) sum += int64_t(bits[i] >> 16 * k & 0xffff);
        if (kind == "uniform") out[i] = float(int64_t(bits[i] >> 40) - (1 << 23)) * 0x1p-23f;
        if (kind == "normal") out[i] = float(sum) * 0x1p-15f;
        if (kind == "outliers") out[i] = float(sum * sum * sum) * 0x1p-45f;
        if (kind == "scaled") out[i] = std::ldexp(float(sum), -10 - int(shifts[i / 32] >> 60));
    }
    return out;
}

Json reference() { return read_json(golden("formats/gguf_quant.json").string()); }

GgmlType type_of(const std::string& name) { return ggml_type_from_name(name).value(); }

std::vector<std::byte> quantized(GgmlType type, const std::vector<float>& values) {
    std::vector<std::byte> out(values.size() / ggml_block_size(type) * ggml_block_bytes(type));
    quantize(type, values.data(), int64_t(values.size()), out.data());
    return out;
}

std::vector<float> floats(GgmlType type, const std::vector<std::byte>& blocks) {
    std::vector<float> out(blocks.size() / ggml_block_bytes(type) * ggml_block_size(type));
    dequantize(type, blocks.data(), int64_t(out.size()), out.data());
    return out;
}

template <class T>
std::string hash(const std::vector<T>& values) {
    return sha256({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

double error_of(GgmlType type, const std::vector<float>& values) {
    const std::vector<float> back = floats(type, quantized(type, values));
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i)
        sum += (double(back[i]) - double(values[i])) * (double(back[i]) - double(values[i]));
    return std::sqrt(sum / double(values.size()));
}

std::string message(GgmlType type, const std::vector<float>& values) {
    try {
        quantized(type, values);
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

}  // namespace

TEST_CASE("gguf: every type gives the reference's floats, bit for bit") {
    const Json rows = reference()["dequantize"];
    CHECK(rows.size() == 25);
    for (const auto& [name, row] : rows.items()) {
        INFO(name);
        const GgmlType type = type_of(name);
        const size_t width = ggml_block_bytes(type), bytes = row["blocks"].get<size_t>() * width;
        std::vector<std::byte> blocks(bytes);
        if (width == 2) {  // every pattern
            for (size_t i = 0; i < bytes; ++i) blocks[i] = std::byte(i % 2 ? i >> 9 : i >> 1);
        } else {
            std::memcpy(blocks.data(), stream(kSeed + uint64_t(type), (bytes + 7) / 8).data(),
                        bytes);
        }
        std::vector<float> values = floats(type, blocks);
        for (float& value : values)
            if (std::isnan(value)) value = std::bit_cast<float>(0x7fc00000u);
        CHECK(hash(values) == row["sha256"].get<std::string>());
        std::vector<float> plain(values.size());
        dequantize_plain(type, blocks.data(), int64_t(plain.size()), plain.data());
        for (float& value : plain)
            if (std::isnan(value)) value = std::bit_cast<float>(0x7fc00000u);
        CHECK(hash(plain) == row["sha256"].get<std::string>());
        // any range alone is the same, wherever it lies in memory
        const size_t size = ggml_block_size(type);
        std::vector<std::byte> moved(blocks.size() + 1);
        std::memcpy(moved.data() + 1, blocks.data(), blocks.size());
        std::vector<float> part(3 * size);
        dequantize(type, moved.data() + 1 + 5 * width, int64_t(part.size()), part.data());
        for (size_t i = 0; i < part.size(); ++i)
            if (!std::isnan(part[i])) REQUIRE(part[i] == values[5 * size + i]);
    }
}

TEST_CASE("gguf: halves go to floats and back without a change") {
    for (uint32_t i = 0; i < 65536; ++i) {
        REQUIRE(float_to_half(half_to_float(uint16_t(i))) == i);
        if ((i & 0x7fff) <= 0x7f80) REQUIRE(float_to_bfloat16(bfloat16_to_float(uint16_t(i))) == i);
    }
    CHECK(half_to_float(1) == 0x1p-24f);
    CHECK(float_to_half(65519.996f) == 0x7bff);
    CHECK(float_to_half(65520.0f) == 0x7c00);
    CHECK(float_to_half(0x1p-25f) == 0);
    CHECK(float_to_half(0x1.000002p-25f) == 1);
    CHECK(float_to_bfloat16(std::bit_cast<float>(0x7f800001u)) == 0x7fc0);
}

TEST_CASE("gguf: integers and doubles become floats") {
    const int8_t small[] = {-128, 127};
    const int16_t middle[] = {-32768, 300};
    const int64_t large[] = {-(int64_t(1) << 53), 7};
    const double wide[] = {0.1, -1e300};
    float out[2];
    dequantize(GgmlType::I8, reinterpret_cast<const std::byte*>(small), 2, out);
    CHECK((out[0] == -128 && out[1] == 127));
    dequantize(GgmlType::I16, reinterpret_cast<const std::byte*>(middle), 2, out);
    CHECK((out[0] == -32768 && out[1] == 300));
    dequantize(GgmlType::I64, reinterpret_cast<const std::byte*>(large), 2, out);
    CHECK((out[0] == -0x1p53f && out[1] == 7));
    dequantize(GgmlType::F64, reinterpret_cast<const std::byte*>(wide), 2, out);
    CHECK((out[0] == 0.1f && std::isinf(out[1])));
    std::vector<std::byte> bits(18);  // Q1_0: a half and 128 signs
    bits[1] = std::byte(0x3c);
    bits[2] = std::byte(1);
    const std::vector<float> signs = floats(GgmlType::Q1_0, bits);
    CHECK((signs.size() == 128 && signs[0] == 1 && signs[1] == -1 && signs[127] == -1));
}

TEST_CASE("gguf: quantising gives the reference's bytes") {
    const Json expected_rows = reference()["quantize"];
    for (const auto& [name, rows] : expected_rows.items())
        for (const auto& [kind, expected] : rows.items()) {
            INFO(name << " of " << kind);
            CHECK(hash(quantized(type_of(name), numbers(kind, 65536))) ==
                  expected.get<std::string>());
        }
}

TEST_CASE("gguf: the searched types err no more than llama.cpp's limits, nor than its own") {
    const Json golden_rows = reference();
    for (const auto& [name, rows] : golden_rows["rmse"].items())
        for (const auto& [kind, expected] : rows.items()) {
            if (kind.rfind("demo/", 0) == 0) continue;
            INFO(name << " of " << kind);
            CHECK(error_of(type_of(name), numbers(kind, 65536)) <= expected.get<double>());
        }
    // tests/test-quantize-fns.cpp of llama.cpp: sqrt(sum of squares) / n below 0.002
    std::vector<float> waves(32 * 128);
    for (size_t i = 0; i < waves.size(); ++i) waves[i] = 0.1f + 2 * std::cos(float(i));
    for (const char* name : {"Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K", "F16", "BF16"}) {
        INFO(name);
        CHECK(error_of(type_of(name), waves) / std::sqrt(double(waves.size())) < 0.002);
    }
}

TEST_CASE("gguf: the weights of the demo model err no more than llama.cpp's") {
    const std::string path = (root() / "examples/models/demo/model.safetensors").string();
    const Json rows = reference();
    if (sha256_file(path) != rows["demo"].get<std::string>())
        return skip("the demo model is a newer one: run scripts/golden/make gguf");
    Safetensors file = Safetensors::open(path);
    for (const auto& [name, limits] : rows["rmse"].items())
        for (const auto& [kind, expected] : limits.items()) {
            if (kind.rfind("demo/", 0) != 0) continue;
            INFO(name << " of " << kind);
            const TensorView* view = file.find(kind.substr(5));
            REQUIRE(view);
            const size_t count = view->bytes / dtype_bytes(view->dtype);
            std::vector<float> values(count);
            REQUIRE((view->dtype == Dtype::BF16 || view->dtype == Dtype::F32));
            dequantize(view->dtype == Dtype::F32 ? GgmlType::F32 : GgmlType::BF16, view->data,
                       int64_t(count), values.data());
            CHECK(error_of(type_of(name), values) <= expected.get<double>());
        }
}

TEST_CASE("gguf: what is exact stays exact, and extremes stay defined") {
    for (const char* name : {"Q8_0", "Q4_0", "Q4_1", "Q4_K", "Q6_K"}) {
        INFO(name);
        const GgmlType type = type_of(name);
        CHECK(error_of(type, std::vector<float>(512, 0.0f)) == 0);
        CHECK(error_of(type, std::vector<float>(512, -0.0f)) == 0);
        CHECK(error_of(type, std::vector<float>(512, 1.0f)) < 2e-3);
        CHECK(error_of(type, std::vector<float>(512, -1.0f)) < 2e-3);
        for (float tiny : {1e-9f, 1e-38f, 1e-41f, -1e-45f}) {
            std::vector<float> values = numbers("normal", 512);
            for (float& value : values) value *= std::fabs(tiny);
            values[3] = tiny;
            CHECK(error_of(type, values) <= double(4 * std::fabs(tiny)));  // at worst all are zero
        }
        std::vector<float> values = numbers("normal", 512);
        values[300] = std::numeric_limits<float>::quiet_NaN();
        CHECK_THAT(message(type, values), Contains("value 300 is nan") && Contains(name));
        values[300] = -std::numeric_limits<float>::infinity();
        CHECK_THAT(message(type, values), Contains("value 300 is -inf"));
        values[300] = 3e38f;
        CHECK_THAT(message(type, values), Contains("too large") && Contains("BF16"));
        values[300] = -3e38f;
        CHECK_THAT(message(type, values), Contains("too large"));
    }
    std::vector<float> odd = {std::numeric_limits<float>::infinity(), 1e30f,
                              std::numeric_limits<float>::quiet_NaN()};
    std::vector<float> back = floats(GgmlType::F16, quantized(GgmlType::F16, odd));
    CHECK((std::isinf(back[0]) && std::isinf(back[1]) && std::isnan(back[2])));
}

TEST_CASE("gguf: types by number and name") {
    CHECK(type_of("q4_k") == GgmlType::Q4_K);
    CHECK_FALSE(ggml_type_from_name("Q4_K_M"));
    CHECK_FALSE(ggml_type_from_name(""));
    CHECK(ggml_type_from_number(39, "x") == GgmlType::MXFP4);
    CHECK_THROWS_WITH(ggml_type_from_number(31, "tensor \"a\""),
                      Contains("tensor \"a\"") && Contains("withdrawn"));
    CHECK_THROWS_WITH(ggml_type_from_number(4711, "x"), Contains("unknown tensor type 4711"));
    std::vector<float> values(100);
    CHECK_THAT(message(GgmlType::Q4_K, values), Contains("100 values") && Contains("256"));
    CHECK_THAT(message(GgmlType::IQ4_NL, std::vector<float>(32)),
               Contains("IQ4_NL") && Contains("F32 F16 Q4_0 Q4_1 Q8_0 Q4_K Q6_K BF16"));
    std::byte block[292] = {};
    CHECK_THROWS_WITH(dequantize(GgmlType::Q8_K, block, 256, values.data()), Contains("Q8_K"));
}
