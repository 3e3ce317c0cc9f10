// SPDX-License-Identifier: Apache-2.0
// Files of the reference implementation (scripts/golden/formats.py), every kind of broken header,
// and a fuzz of both: whatever the bytes, an Error or views that may be read, never a crash.
#include "formats/safetensors.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "tests/support/test.h"

using namespace moonlet;
using namespace moonlet::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::string hex(const TensorView& view) {
    std::string text;
    for (size_t i = 0; i < view.bytes; ++i) {
        static const char* digits = "0123456789abcdef";
        unsigned char byte = static_cast<unsigned char>(view.data[i]);
        (text += digits[byte >> 4]) += digits[byte & 15];
    }
    return text;
}

// Owns exactly its bytes, so that AddressSanitizer sees a read beyond them.
Safetensors parse(const std::string& bytes) {
    auto owner = std::make_shared<std::vector<std::byte>>(bytes.size());
    if (!bytes.empty()) std::memcpy(owner->data(), bytes.data(), bytes.size());
    return Safetensors::parse(owner->data(), owner->size(), owner, "test");
}

std::string file_of(const std::string& header, size_t data, int64_t length = -1) {
    uint64_t n = length >= 0 ? uint64_t(length) : header.size();
    std::string bytes(8, '\0');
    for (size_t i = 0; i < 8; ++i) bytes[i] = char(n >> (8 * i));
    return bytes + header + std::string(data, 'x');
}

std::string message(const std::string& bytes) {
    try {
        parse(bytes);
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets +
           "}";
}

TensorToWrite to_write(const std::string& name, Dtype dtype, std::vector<int64_t> shape,
                       std::string bytes) {
    auto owner = std::make_shared<std::string>(std::move(bytes));
    return {name, dtype, std::move(shape),
            [owner] { return std::shared_ptr<const void>(owner, owner->data()); }};
}

}  // namespace

TEST_CASE("every dtype as the reference wrote it") {
    Safetensors file = Safetensors::open(golden("formats/every_dtype.safetensors").string());
    Json expected = read_json(golden("formats/every_dtype.json").string())["tensors"];
    CHECK(file.tensors().size() == expected.size());
    CHECK(file.metadata().at("name") == "달 ☾");
    for (const auto& [name, row] : expected.items()) {
        INFO(name);
        const TensorView* view = file.find(name);
        REQUIRE(view);
        CHECK(dtype_name(view->dtype) == row["dtype"].get<std::string>());
        CHECK(Json(view->shape) == row["shape"]);
        CHECK(hex(*view) == row["hex"].get<std::string>());
    }
    CHECK(file.find("nothing") == nullptr);
}

TEST_CASE("what we write is what the reference writes") {
    std::string path = golden("formats/plain.safetensors").string();
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, view] : Safetensors::open(path).tensors())
        tensors.push_back({name, view.dtype, view.shape, [view = view] {
                               return std::shared_ptr<const void>(view.owner, view.data);
                           }});
    std::string ours = (scratch() / "plain.safetensors").string();
    write_safetensors(ours, tensors);
    CHECK(read_file(ours) == read_file(path));
}

TEST_CASE("written tensors come back, aligned, and the old file survives a failure") {
    std::string path = (scratch() / "a.safetensors").string();
    write_safetensors(
        path,
        {to_write("odd", Dtype::U8, {3}, "abc"), to_write("none", Dtype::F32, {0}, ""),
         to_write("wide", Dtype::F64, {1}, "01234567")},
        {{"format", "pt"}, {"quote", "\"\n"}});
    Safetensors file = Safetensors::open(path);
    CHECK(file.metadata().at("quote") == "\"\n");
    CHECK(std::string(reinterpret_cast<const char*>(file.find("odd")->data), 3) == "abc");
    CHECK(reinterpret_cast<uintptr_t>(file.find("wide")->data) % 8 == 0);
    std::string before = read_file(path);
    CHECK_THROWS_AS(write_safetensors(path, {to_write("a", Dtype::U8, {1}, "x"),
                                             to_write("a", Dtype::U8, {1}, "y")}),
                    Error);
    CHECK_THROWS_AS(write_safetensors(path, {to_write("a", Dtype::U8, {-1}, "x")}), Error);
    std::vector<TensorToWrite> failing = {
        {"a", Dtype::U8, {1}, []() -> std::shared_ptr<const void> {
             throw Error("disk on fire");
         }}};
    CHECK_THROWS_WITH(write_safetensors(path, failing), Contains("disk on fire"));
    CHECK(read_file(path) == before);
}

TEST_CASE("views keep the map alive") {
    TensorView view;
    {
        Safetensors file = Safetensors::open(golden("formats/every_dtype.safetensors").string());
        view = *file.find("scalar");
    }
    float value;
    std::memcpy(&value, view.data, 4);
    CHECK(value == 2.5f);
}

TEST_CASE("broken headers are clear errors") {
    CHECK_THAT(message(""), Contains("0 bytes"));
    CHECK_THAT(message("1234567"), Contains("7 bytes"));
    CHECK_THAT(message(file_of("{}", 0, 3)), Contains("truncated"));
    CHECK_THAT(message(std::string(8, '\xff')), Contains("not a safetensors file"));
    CHECK_THAT(message(file_of("{}", 0, 200'000'000)), Contains("100000000"));
    CHECK_THAT(message(file_of("hello", 0)), Contains("not JSON"));
    CHECK_THAT(message(file_of("[1]", 0)), Contains("not a JSON object"));
    CHECK_THAT(message(file_of(std::string(100000, '['), 0)), Contains("nested"));
    CHECK_THAT(message(file_of(R"({"t":3})", 0)), Contains("\"t\""));
    CHECK_THAT(message(file_of(R"({"__metadata__":{"a":1}})", 0)), Contains("not a string"));
    auto one = [](const std::string& entry, size_t data) {
        return message(file_of(R"({"t":)" + entry + "}", data));
    };
    CHECK(one(tensor("F32", "[2]", "[0,8]"), 8) == "no error");
    CHECK(one(tensor("F32", "[]", "[0,4]"), 4) == "no error");
    CHECK(one(tensor("F32", "[0,9]", "[0,0]"), 0) == "no error");
    CHECK_THAT(one(tensor("F99", "[2]", "[0,8]"), 8), Contains("F99") && Contains("BF16"));
    CHECK_THAT(one(tensor("F4", "[2]", "[0,1]"), 1), Contains("F4"));
    CHECK_THAT(one(tensor("F32", "[2]", "[0,8]"), 7), Contains("truncated"));
    CHECK_THAT(one(tensor("F32", "[3]", "[0,8]"), 8), Contains("12 for its shape"));
    CHECK_THAT(one(tensor("F32", "[2]", "[8,0]"), 8), Contains("8 to 0"));
    CHECK_THAT(one(tensor("F32", "[-2]", "[0,8]"), 8), Contains("whole number"));
    CHECK_THAT(one(tensor("F32", "[2.0]", "[0,8]"), 8), Contains("whole number"));
    CHECK_THAT(one(tensor("F32", "[2]", "[0]"), 8), Contains("pair"));
    CHECK_THAT(one(tensor("F32", "[2]", "[-1,8]"), 8), Contains("whole number"));
    CHECK_THAT(one(tensor("F32", "2", "[0,8]"), 8), Contains("shape"));
    CHECK_THAT(one(tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0),
               Contains("larger than any memory"));
    CHECK_THAT(one(tensor("F32", "[18446744073709551615]", "[0,8]"), 8),
               Contains("larger than any memory"));
    CHECK_THAT(one(tensor("F64", "[2305843009213693952]", "[0,0]"), 0),
               Contains("larger than any memory"));
    CHECK_THAT(one(tensor("F32", "[2]", "[0,8]"), 9), Contains("1 bytes at its end"));
    CHECK_THAT(one(R"({"shape":[2],"data_offsets":[0,8]})", 8), Contains("dtype"));
    auto two = [](const std::string& a, const std::string& b, size_t data) {
        return message(file_of(R"({"a":)" + a + R"(,"b":)" + b + "}", data));
    };
    CHECK_THAT(two(tensor("U8", "[4]", "[0,4]"), tensor("U8", "[4]", "[2,6]"), 6),
               Contains("overlaps"));
    CHECK_THAT(two(tensor("U8", "[4]", "[0,4]"), tensor("U8", "[4]", "[0,4]"), 4),
               Contains("overlaps"));
    CHECK_THAT(two(tensor("U8", "[2]", "[0,2]"), tensor("U8", "[2]", "[4,6]"), 6),
               Contains("belong to no tensor"));
}

TEST_CASE("shards are found, and a broken index is a clear error") {
    fs::path folder = scratch() / "shards";
    fs::create_directories(folder);
    auto error = [&] {
        try {
            Safetensors::open_folder(folder.string());
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string("no error");
    };
    CHECK_THAT(error(), Contains("no weights"));
    std::string index = (folder / "model.safetensors.index.json").string();
    write_safetensors((folder / "one.safetensors").string(), {to_write("a", Dtype::U8, {2}, "ab")});
    write_file(index, R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
    CHECK_THAT(error(), Contains("two.safetensors"));
    write_safetensors((folder / "two.safetensors").string(), {to_write("c", Dtype::U8, {2}, "cd")});
    CHECK_THAT(error(), Contains("has no tensor \"b\""));
    write_safetensors((folder / "two.safetensors").string(), {to_write("b", Dtype::U8, {2}, "cd")});
    CHECK(error() == "no error");
    CHECK(Safetensors::open_folder(folder.string()).tensors().size() == 2);
    write_file(index, R"({"weight_map": {"a": "../shards/one.safetensors"}})");
    CHECK_THAT(error(), Contains("inside the same folder"));
    write_file(index, R"({"weight_map": {"a": 3}})");
    CHECK_THAT(error(), Contains("not a string"));
    write_file(index, "[]");
    CHECK_THAT(error(), Contains("weight_map"));
    write_file(index, "oops");
    CHECK_THAT(error(), Contains("not JSON"));
}

TEST_CASE("fuzz: any bytes give an error or readable views") {
    Random random(20261121);
    std::vector<std::string> seeds = {
        read_file(golden("formats/every_dtype.safetensors").string()),
        read_file(golden("formats/plain.safetensors").string()),
        file_of(R"({"a":)" + tensor("U8", "[4]", "[0,4]") + R"(,"b":)" +
                    tensor("F32", "[1,2]", "[4,12]") + "}",
                12)};
    const std::string pieces[] = {"[",       "]",
                                  "{",       "}",
                                  "-1",      "9223372036854775807",
                                  "1e308",   "null",
                                  "\"F32\"", "18446744073709551616",
                                  "\\u0000", "\xff"};
    size_t opened = 0, refused = 0;
    unsigned sum = 0;
    for (int round = 0; round < 6000; ++round) {
        std::string bytes = seeds[random.below(seeds.size())];
        for (uint64_t change = 1 + random.below(3); change > 0 && !bytes.empty(); --change) {
            size_t at = random.below(std::min<size_t>(bytes.size(), 400));
            switch (random.below(6)) {
                case 0: bytes[at] = char(random.below(256)); break;
                case 1: bytes[at] = char('0' + random.below(10)); break;
                case 2: bytes.erase(at, 1 + random.below(4)); break;
                case 3: bytes.insert(at, pieces[random.below(std::size(pieces))]); break;
                case 4: bytes.resize(random.below(bytes.size() + 1)); break;
                case 5:
                    bytes[random.below(std::min<size_t>(8, bytes.size()))] ^=
                        char(1 << random.below(8));
                    break;
            }
        }
        try {
            for (const auto& [name, view] : parse(bytes).tensors())
                for (size_t i = 0; i < view.bytes; ++i) sum += unsigned(view.data[i]);
            ++opened;
        } catch (const Error&) {
            ++refused;
        }
    }
    INFO("opened " << opened << ", refused " << refused << ", sum " << sum);
    CHECK(refused > 1000);
    CHECK(opened > 0);
}
