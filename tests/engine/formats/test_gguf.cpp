// SPDX-License-Identifier: Apache-2.0
// Files of gguf-py read and repeated byte for byte (scripts/golden/gguf.py), every kind of broken
// file, and a fuzz of both: whatever the bytes, an Error or views that may be read, never a crash.
#include "formats/gguf.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/random.h"
#include "core/sha256.h"
#include "formats/gguf_write.h"
#include "tests/support/test.h"

using namespace moonlet;
using namespace moonlet::test;
using Catch::Matchers::Contains;

namespace {

template <class T>
std::string raw(T value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}
std::string text(const std::string& value) { return raw(uint64_t(value.size())) + value; }
std::string entry(const std::string& key, uint32_t type, const std::string& value) {
    return text(key) + raw(type) + value;
}
std::string array(uint32_t element, uint64_t count, const std::string& elements) {
    return raw(element) + raw(count) + elements;
}
std::string tensor(const std::string& name, const std::vector<uint64_t>& sizes, uint32_t type,
                   uint64_t offset) {
    std::string out = text(name) + raw(uint32_t(sizes.size()));
    for (uint64_t size : sizes) out += raw(size);
    return out + raw(type) + raw(offset);
}
std::string header(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
    return "GGUF" + raw(version) + raw(tensors) + raw(entries);
}
// A file of one or more tensors with `data` behind it.
std::string with_tensors(const std::vector<std::string>& tensors, size_t data,
                         const std::string& entries = "", uint64_t count = 0,
                         size_t alignment = 32) {
    std::string out = header(tensors.size(), count) + entries;
    for (const std::string& t : tensors) out += t;
    out.resize((out.size() + alignment - 1) / alignment * alignment, '\0');
    return out + std::string(data, 'x');
}

// Owns exactly its bytes, so that AddressSanitizer sees a read beyond them.
Gguf parse(const std::string& bytes) {
    auto owner = std::make_shared<std::vector<std::byte>>(bytes.size());
    if (!bytes.empty()) std::memcpy(owner->data(), bytes.data(), bytes.size());
    return Gguf::parse(owner->data(), owner->size(), owner, "test");
}

std::string message(const std::string& bytes) {
    try {
        parse(bytes);
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

std::string one_entry(uint32_t type, const std::string& value) {
    return header(0, 1) + entry("k", type, value);
}

std::string type_in_python(GgufType type) {
    static const std::string names[] = {"UINT8",  "INT8",    "UINT16", "INT16",  "UINT32",
                                        "INT32",  "FLOAT32", "BOOL",   "STRING", "ARRAY",
                                        "UINT64", "INT64",   "FLOAT64"};
    return names[size_t(type)];
}

// A reader of everything, for the fuzz.
unsigned read_all(const Gguf& file) {
    unsigned sum = 0;
    for (const auto& [key, value] : file.metadata()) {
        sum += unsigned(key.size()) + unsigned(value.json(5).size());
        if (value.type() == GgufType::STRING)
            for (char c : value.string()) sum += unsigned(c);
        if (value.type() != GgufType::ARRAY) continue;
        if (value.element_type() == GgufType::STRING)
            value.each_string([&](std::string_view s) { sum += s.empty() ? 1u : unsigned(s[0]); });
        else if (value.element_type() != GgufType::ARRAY && value.element_type() != GgufType::BOOL)
            for (double number : value.numbers()) sum += number > 0;
    }
    std::vector<float> floats;
    for (const GgufTensor& t : file.tensors()) {
        for (size_t i = 0; i < t.bytes; ++i) sum += unsigned(t.data[i]);
        if (!ggml_can_dequantize(t.type)) continue;
        floats.resize(t.bytes / ggml_block_bytes(t.type) * ggml_block_size(t.type));
        dequantize(t.type, t.data, int64_t(floats.size()), floats.data());
    }
    return sum;
}

}  // namespace

TEST_CASE("gguf: every type as the reference wrote it") {
    const std::string path = golden("formats/every_type.gguf").string();
    Gguf file = Gguf::open(path);
    const Json expected = read_json(golden("formats/every_type.json").string());
    REQUIRE(file.metadata().size() == expected["metadata"].size());
    for (size_t i = 0; i < file.metadata().size(); ++i) {
        const auto& [key, value] = file.metadata()[i];
        const Json& row = expected["metadata"][i];
        INFO(key);
        CHECK(key == row["key"].get<std::string>());
        CHECK(type_in_python(value.type()) == row["type"][0].get<std::string>());
        CHECK(value.json(100) == row["value"]);
        if (value.type() == GgufType::ARRAY) {
            CHECK(type_in_python(value.element_type()) == row["type"][1].get<std::string>());
            CHECK(value.count() == row["value"].size());
            CHECK(value.json(1).size() == 1);
        }
    }
    REQUIRE(file.tensors().size() == expected["tensors"].size());
    for (size_t i = 0; i < file.tensors().size(); ++i) {
        const GgufTensor& t = file.tensors()[i];
        const Json& row = expected["tensors"][i];
        INFO(t.name);
        CHECK(t.name == row["name"].get<std::string>());
        CHECK(ggml_type_name(t.type) == row["type"].get<std::string>());
        CHECK(Json(t.shape) == row["shape"]);
        CHECK(t.bytes == row["bytes"].get<size_t>());
        CHECK(sha256({reinterpret_cast<const char*>(t.data), t.bytes}) ==
              row["sha256"].get<std::string>());
        CHECK(reinterpret_cast<uintptr_t>(t.data) % 32 == 0);
        CHECK(file.tensor(t.name) == &t);
    }
    CHECK(file.version() == 3);
    CHECK(file.where() == quote(path, 200));
    CHECK(file.tensor("t.") == nullptr);
    CHECK(file.find("test.") == nullptr);
    CHECK_THROWS_WITH(file.get("test.u9"), Contains("\"test.u9\"") && Contains("test.u8"));
}

TEST_CASE("gguf: getters say what they found") {
    Gguf file = Gguf::open(golden("formats/every_type.gguf").string());
    CHECK(file.get("test.i8").integer() == -100);
    CHECK(file.get("test.u32").integer() == 4000000000);
    CHECK(file.get("test.u32").number() == 4e9);
    CHECK(file.get("test.f32").number() == double(0.1f));
    CHECK(file.get("test.u64").number() == 9223372036854775808.0 + 5);
    CHECK(file.get("test.yes").boolean());
    CHECK_FALSE(file.get("test.no").boolean());
    CHECK(file.get("test.text").string() == "달 ☾\n");
    CHECK(file.get("test.ints").integers() == std::vector<int64_t>{1, -2, 2147483647});
    CHECK(file.get("test.ints").numbers() == std::vector<double>{1, -2, 2147483647});
    CHECK(file.get("test.bytes").bytes() == "\xfa\xfb\xfc\xfd\xfe\xff");
    std::vector<std::string> words;
    file.get("test.words").each_string([&](std::string_view w) { words.emplace_back(w); });
    CHECK(words == std::vector<std::string>{"", "a", "단어", std::string("\0x", 2)});

    CHECK_THROWS_WITH(file.get("test.u64").integer(), Contains("2^63"));
    CHECK_THROWS_WITH(file.get("test.f32").integer(), Contains("test.f32") && Contains("f32") &&
                                                          Contains("whole number") &&
                                                          Contains("every_type.gguf"));
    CHECK_THROWS_WITH(file.get("test.text").number(), Contains("string") && Contains("a number"));
    CHECK_THROWS_WITH(file.get("test.ints").string(), Contains("array of i32"));
    CHECK_THROWS_WITH(file.get("test.yes").integer(), Contains("bool"));
    CHECK_THROWS_WITH(file.get("test.u8").boolean(), Contains("u8"));
    CHECK_THROWS_WITH(file.get("test.words").integers(), Contains("array of string"));
    CHECK_THROWS_WITH(file.get("test.u8").count(), Contains("array"));
    CHECK_THROWS_WITH(file.get("test.ints").each_string([](std::string_view) {}),
                      Contains("an array of strings"));
    CHECK_THROWS_WITH(file.get("test.ints").bytes(), Contains("u8 or i8"));
    Gguf two = parse(one_entry(uint32_t(GgufType::BOOL), "\2"));
    CHECK_THROWS_WITH(two.get("k").boolean(), Contains("not 2"));
    Gguf nested = parse(one_entry(9, array(9, 2, array(5, 1, raw(7)) + array(8, 1, text("a")))));
    CHECK(nested.get("k").json(9) == Json::parse(R"([[7],["a"]])"));
}

TEST_CASE("gguf: views keep the map alive") {
    GgufTensor view;
    {
        Gguf file = Gguf::open(golden("formats/every_type.gguf").string());
        Gguf copy = file;
        view = *copy.tensor("t.one");
    }
    double value;
    std::memcpy(&value, view.data, 8);
    CHECK(value == 2.5);
}

TEST_CASE("gguf: version 2, another alignment, no tensors") {
    std::string bytes = read_file(golden("formats/every_type.gguf").string());
    bytes[4] = 2;
    CHECK(parse(bytes).version() == 2);
    CHECK(parse(header(0, 0)).tensors().empty());
    const std::string align = entry("general.alignment", 4, raw(uint32_t(64)));
    Gguf wide =
        parse(with_tensors({tensor("a", {3}, 24, 0), tensor("b", {2}, 0, 64)}, 72, align, 1, 64));
    CHECK(wide.alignment() == 64);
    CHECK(wide.tensor("b")->data == wide.tensor("a")->data + 64);
    CHECK(wide.tensor("b")->shape == std::vector<int64_t>{2});
    // gaps between tensors, their order in the file and empty ones do not matter
    Gguf loose = parse(with_tensors(
        {tensor("b", {4}, 0, 96), tensor("none", {0, 3}, 0, 0), tensor("a", {8}, 0, 0)}, 112));
    CHECK(loose.tensor("none")->bytes == 0);
    CHECK(loose.tensor("none")->shape == std::vector<int64_t>{3, 0});
    CHECK(loose.tensor("b")->bytes == 16);
    CHECK(parse(with_tensors({tensor("one", {}, 0, 0)}, 4)).tensor("one")->shape.empty());
}

TEST_CASE("gguf: broken files are clear errors") {
    CHECK_THAT(message(""), Contains("no GGUF file"));
    CHECK_THAT(message("GGU"), Contains("no GGUF file"));
    CHECK_THAT(message("PK\3\4 and so on"), Contains("no GGUF file"));
    CHECK_THAT(message("tjgg" + raw(uint32_t(3))), Contains("GGML's formats before GGUF"));
    CHECK_THAT(message("GGUF"), Contains("ends inside its header"));
    CHECK_THAT(message("GGUF" + raw(uint32_t(1)) + raw(0) + raw(0)), Contains("version 1"));
    CHECK_THAT(message(header(0, 0, 4)), Contains("version 4"));
    CHECK_THAT(message(header(0, 0, 0)), Contains("version 0"));
    CHECK_THROWS_WITH(Gguf::open(golden("formats/big_endian.gguf").string()),
                      Contains("big_endian.gguf") && Contains("gguf_convert_endian"));
    CHECK_THROWS_WITH(Gguf::open("/nowhere/x.gguf"), Contains("no file"));
    CHECK_THAT(message(header(0, 1)), Contains("1 keys"));
    CHECK_THAT(message(header(0, UINT64_MAX) + std::string(99, 'x')),
               Contains("18446744073709551615"));
    CHECK_THAT(message(header(1 << 30, 0) + std::string(99, 'x')), Contains("1073741824 tensors"));
    // values
    CHECK_THAT(message(header(0, 1) + raw(uint64_t(9)) + "abcdefgh"),
               Contains("ends inside key 1"));
    CHECK_THAT(message(header(0, 1) + raw(UINT64_MAX) + "abcdefgh"), Contains("ends inside key 1"));
    CHECK_THAT(message(one_entry(13, "x")), Contains("\"k\"") && Contains("unknown type 13"));
    CHECK_THAT(message(one_entry(12, "1234567")), Contains("ends inside the value of key \"k\""));
    CHECK_THAT(message(one_entry(8, raw(UINT64_MAX - 3))), Contains("ends inside"));
    CHECK_THAT(message(one_entry(9, array(13, 1, "x"))), Contains("unknown type 13"));
    CHECK_THAT(message(one_entry(9, array(5, 3, "12345678"))), Contains("ends inside"));
    CHECK_THAT(message(one_entry(9, array(10, uint64_t(1) << 61, "12345678"))),
               Contains("ends inside"));
    CHECK_THAT(message(one_entry(9, array(8, UINT64_MAX, text("a")))), Contains("ends inside"));
    CHECK_THAT(message(one_entry(9, array(8, 2, text("a")))), Contains("ends inside"));
    CHECK(message(one_entry(9, array(8, 2, text("a") + text("")))) == "no error");
    std::string deep = array(0, 0, "");
    for (int i = 0; i < 20; ++i) deep = array(9, 1, deep);
    CHECK_THAT(message(one_entry(9, deep)), Contains("nested"));
    CHECK_THAT(message(header(0, 2) + entry("k", 0, "1") + entry("k", 1, "2")),
               Contains("key \"k\" twice"));
    for (uint32_t bad : {0u, 48u})
        CHECK_THAT(message(header(0, 1) + entry("general.alignment", 4, raw(bad))),
                   Contains("power of two"));
    CHECK_THAT(message(header(0, 1) + entry("general.alignment", 10, raw(uint64_t(32)))),
               Contains("general.alignment") && Contains("u64"));
    // tensors
    auto bad = [](const std::string& t, size_t data) { return message(with_tensors({t}, data)); };
    CHECK(bad(tensor("a", {8}, 0, 0), 32) == "no error");
    CHECK_THAT(bad(tensor("a", {8}, 0, 0), 31),
               Contains("\"a\"") && Contains("32 bytes at offset"));
    CHECK_THAT(bad(tensor("a", {8}, 0, 32), 32), Contains("offset 32"));
    CHECK_THAT(bad(tensor("a", {8}, 0, UINT64_MAX - 31), 32), Contains("inside the 32 bytes"));
    CHECK_THAT(bad(tensor("a", {8}, 0, 8), 64), Contains("multiple of the alignment"));
    CHECK_THAT(bad(tensor("a", {33}, 8, 0), 99), Contains("33 values") && Contains("32"));
    CHECK_THAT(bad(tensor("a", {}, 8, 0), 99), Contains("1 values"));
    CHECK_THAT(bad(tensor("a", {8}, 99, 0), 32), Contains("unknown tensor type 99"));
    CHECK_THAT(bad(tensor("a", {8}, 31, 0), 32), Contains("withdrawn"));
    CHECK_THAT(bad(tensor("a", {1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, 0), 32), Contains("9 dimensions"));
    CHECK_THAT(bad(tensor("a", {uint64_t(1) << 63}, 0, 0), 32), Contains("larger than any memory"));
    CHECK_THAT(bad(tensor("a", {uint64_t(1) << 62}, 0, 0), 32), Contains("larger than any memory"));
    CHECK_THAT(bad(tensor("a", {uint64_t(1) << 32, uint64_t(1) << 32}, 0, 0), 32),
               Contains("larger than any memory"));
    CHECK_THAT(message(with_tensors({tensor("a", {8}, 0, 0), tensor("a", {8}, 0, 32)}, 64)),
               Contains("tensor \"a\" twice"));
    CHECK_THAT(message(with_tensors({tensor("a", {9}, 0, 0), tensor("b", {8}, 0, 32)}, 64)),
               Contains("\"b\" overlaps \"a\""));
    CHECK_THAT(message(header(1, 0) + tensor("a", {8}, 0, 0)), Contains("inside the 0 bytes"));
    CHECK_THAT(message(header(1, 0) + tensor("a", {8}, 0, 0).substr(0, 24)),
               Contains("the entry of tensor \"a\""));
}

TEST_CASE("gguf: what we write is what the reference writes") {
    const std::string path = golden("formats/every_type.gguf").string();
    Gguf file = Gguf::open(path);
    std::vector<GgufEntry> entries;
    for (const auto& [key, value] : file.metadata()) {
        GgufEntry e{key, value.type(), value.json(SIZE_MAX)};
        if (value.type() == GgufType::ARRAY) e.element = value.element_type();
        entries.push_back(std::move(e));
    }
    std::vector<GgufTensorToWrite> tensors;
    for (const GgufTensor& t : file.tensors())
        tensors.push_back({t.name, t.type, t.shape,
                           [t] { return std::shared_ptr<const void>(t.owner, t.data); }});
    const std::string ours = (scratch() / "ours.gguf").string();
    write_gguf(ours, entries, tensors);
    CHECK(read_file(ours) == read_file(path));
    // another alignment moves tensors only
    entries.push_back({"general.alignment", GgufType::U32, 128});
    write_gguf(ours, entries, tensors);
    Gguf wide = Gguf::open(ours);
    CHECK(wide.alignment() == 128);
    for (const GgufTensor& t : file.tensors()) {
        CHECK(reinterpret_cast<uintptr_t>(wide.tensor(t.name)->data) % 128 == 0);
        CHECK(std::memcmp(wide.tensor(t.name)->data, t.data, t.bytes) == 0);
    }
}

TEST_CASE("gguf: one tensor at a time is held while writing, and a failure leaves the old file") {
    const std::string path = (scratch() / "a.gguf").string();
    int alive = 0, most = 0;
    auto lazy = [&](const std::string& bytes) {
        return [&alive, &most, bytes]() -> std::shared_ptr<const void> {
            most = std::max(most, ++alive);
            auto* copy = new std::string(bytes);
            return std::shared_ptr<const void>(copy->data(), [copy, &alive](const void*) {
                --alive;
                delete copy;
            });
        };
    };
    write_gguf(path, {{"k", GgufType::STRING, "v"}},
               {{"a", GgmlType::I8, {3}, lazy("abc")},
                {"none", GgmlType::F32, {0}, nullptr},
                {"b", GgmlType::I8, {1, 2}, lazy("de")}});
    CHECK(most == 1);
    CHECK(alive == 0);
    Gguf file = Gguf::open(path);
    CHECK(std::memcmp(file.tensor("b")->data, "de", 2) == 0);
    const std::string before = read_file(path);
    auto fails = [&](const std::vector<GgufEntry>& entries,
                     std::vector<GgufTensorToWrite> tensors) {
        try {
            write_gguf(path, entries, std::move(tensors));
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string("no error");
    };
    auto entry_fails = [&](GgufType type, const Json& value, GgufType element = GgufType::U8) {
        return fails({{"k", type, value, element}}, {});
    };
    CHECK_THAT(entry_fails(GgufType::U8, 256),
               Contains("\"k\"") && Contains("u8") && Contains("0 to 255"));
    CHECK_THAT(entry_fails(GgufType::U8, -1), Contains("0 to 255"));
    CHECK_THAT(entry_fails(GgufType::I8, -129), Contains("-128 to 127"));
    CHECK_THAT(entry_fails(GgufType::I64, uint64_t(1) << 63), Contains("i64"));
    CHECK_THAT(entry_fails(GgufType::U64, -1), Contains("u64"));
    CHECK_THAT(entry_fails(GgufType::U32, 1.5), Contains("u32"));
    CHECK_THAT(entry_fails(GgufType::F32, 1e300), Contains("f32"));
    CHECK_THAT(entry_fails(GgufType::F64, "x"), Contains("f64"));
    CHECK_THAT(entry_fails(GgufType::BOOL, 1), Contains("true or false"));
    CHECK_THAT(entry_fails(GgufType::STRING, 1), Contains("a string"));
    CHECK_THAT(entry_fails(GgufType::ARRAY, 1), Contains("an array"));
    CHECK_THAT(entry_fails(GgufType::ARRAY, Json::array({1, "x"}), GgufType::I32), Contains("i32"));
    CHECK_THAT(entry_fails(GgufType::ARRAY, Json::array({Json::array()}), GgufType::ARRAY),
               Contains("arrays of arrays"));
    CHECK_THAT(fails({{"k", GgufType::U8, 1}, {"k", GgufType::U8, 1}}, {}), Contains("twice"));
    CHECK_THAT(fails({{"general.alignment", GgufType::U32, 33}}, {}), Contains("power of two"));
    CHECK_THAT(fails({{"general.alignment", GgufType::U32, -32}}, {}), Contains("power of two"));
    CHECK_THAT(
        fails({}, {{"a", GgmlType::I8, {1}, lazy("a")}, {"a", GgmlType::I8, {1}, lazy("a")}}),
        Contains("two tensors"));
    CHECK_THAT(fails({}, {{"a", GgmlType::Q8_0, {2, 33}, lazy("a")}}), Contains("33 values"));
    CHECK_THAT(fails({}, {{"a", GgmlType::I8, {-1}, lazy("a")}}), Contains("negative"));
    CHECK_THAT(fails({}, {{"a",
                           GgmlType::I8,
                           {1},
                           []() -> std::shared_ptr<const void> { throw Error("disk on fire"); }}}),
               Contains("disk on fire"));
    CHECK(read_file(path) == before);
}

TEST_CASE("gguf: a model in parts is one") {
    const std::filesystem::path folder = scratch() / "parts";
    std::filesystem::create_directories(folder);
    auto part = [&](int number, const std::string& tensor_name, int total = 2, int in_all = 2) {
        std::vector<GgufEntry> entries = {{"split.no", GgufType::U16, number - 1},
                                          {"split.count", GgufType::U16, total},
                                          {"split.tensors.count", GgufType::I32, in_all}};
        if (number == 1) entries.push_back({"name", GgufType::STRING, "whole"});
        const std::string path =
            (folder / ("m-0000" + std::to_string(number) + "-of-00002.gguf")).string();
        write_gguf(path, entries, {{tensor_name, GgmlType::I8, {1}, [tensor_name] {
                                        auto owner = std::make_shared<std::string>(tensor_name);
                                        return std::shared_ptr<const void>(owner, owner->data());
                                    }}});
        return path;
    };
    auto error = [&](const std::string& path) {
        try {
            Gguf::open(path);
        } catch (const Error& e) {
            return std::string(e.what());
        }
        return std::string("no error");
    };
    const std::string first = part(1, "a");
    CHECK_THAT(error(first), Contains("no file") && Contains("00002-of-00002"));
    const std::string second = part(2, "b");
    for (const std::string& path : {first, second}) {
        Gguf file = Gguf::open(path);
        CHECK(file.get("name").string() == "whole");
        REQUIRE(file.tensors().size() == 2);
        CHECK(*file.tensor("a")->data == std::byte('a'));
        CHECK(*file.tensor("b")->data == std::byte('b'));
        CHECK_THROWS_WITH(file.get("name").integer(), Contains("00001-of-00002"));
    }
    std::filesystem::copy_file(second, folder / "other.gguf");
    CHECK_THAT(error((folder / "other.gguf").string()), Contains("-00001-of-00002.gguf"));
    part(2, "a");
    CHECK_THAT(error(first), Contains("tensor \"a\" twice"));
    part(2, "b", 3);
    CHECK_THAT(error(first), Contains("part 2 of 3"));
    part(2, "b");
    part(1, "a", 2, 5);
    CHECK_THAT(error(first), Contains("2 tensors") && Contains("5"));
}

TEST_CASE("gguf: fuzz: any bytes give an error or readable views") {
    Random random(20261121);
    const std::string every = read_file(golden("formats/every_type.gguf").string());
    const std::vector<std::string> seeds = {
        every, every.substr(0, every.size() / 2),
        with_tensors({tensor("a", {32}, 2, 0), tensor("b", {256, 2}, 12, 32)}, 352),
        header(0, 3) + entry("a", 9, array(8, 2, text("x") + text("yz"))) +
            entry("b", 9, array(9, 1, array(5, 2, raw(1) + raw(2)))) + entry("c", 6, raw(1.0f))};
    const uint64_t pieces[] = {0,  1,          2,          8,        9,
                               31, 32,         255,        13,       41,
                               99, UINT32_MAX, UINT64_MAX, 1u << 31, uint64_t(1) << 62};
    size_t opened = 0, refused = 0;
    unsigned sum = 0;
    for (int round = 0; round < 8000; ++round) {
        std::string bytes = seeds[random.below(seeds.size())];
        for (uint64_t change = 1 + random.below(3); change > 0 && !bytes.empty(); --change) {
            const size_t at = random.below(bytes.size());
            const uint64_t piece = pieces[random.below(std::size(pieces))];
            switch (random.below(6)) {
                case 0: bytes[at] = char(random.below(256)); break;
                case 1: bytes[at] ^= char(1 << random.below(8)); break;
                case 2: bytes.erase(at, 1 + random.below(9)); break;
                case 3: bytes.insert(at, raw(piece).substr(0, 4 << random.below(2))); break;
                case 4: bytes.resize(at); break;
                case 5:
                    for (size_t i = 0; i < 8 && at + i < bytes.size(); ++i)
                        bytes[at + i] = char(piece >> (8 * i));
                    break;
            }
        }
        try {
            sum += read_all(parse(bytes));
            ++opened;
        } catch (const Error&) {
            ++refused;
        }
    }
    INFO("opened " << opened << ", refused " << refused << ", sum " << sum);
    CHECK(refused > 1000);
    CHECK(opened > 1000);
}
