// SPDX-License-Identifier: Apache-2.0
// Atomic writes: whatever goes wrong, the old file stays whole and no temporary is left behind.
#include "core/files.h"

#include <sys/resource.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "test.h"

using namespace moonlet;
namespace fs = std::filesystem;

namespace {
size_t entries(const fs::path& folder) {
    return size_t(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}
}  // namespace

TEST_CASE("files: what is written is read back, byte for byte") {
    std::string path = (test::scratch() / "bytes").string(), bytes("a\0b\xFF\n", 5);
    write_file(path, bytes);
    CHECK(read_file(path) == bytes);
    auto map = MappedFile::open(path);
    REQUIRE(map->size() == 5);
    CHECK(std::string(reinterpret_cast<const char*>(map->data()), 5) == bytes);
}

TEST_CASE("files: a write that fails leaves the old file and nothing else") {
    fs::path folder = test::scratch() / "atomic";
    fs::create_directories(folder);
    std::string path = (folder / "file").string();
    write_file(path, "old");
    auto failing = [](const auto& append) {
        append("half", 4);
        throw Error("no more");
    };
    CHECK_THROWS_WITH(write_file(path, failing), "no more");
    CHECK(read_file(path) == "old");
    CHECK(entries(folder) == 1);
}

TEST_CASE("files: a full disk is one clear error and the old file stays") {
    fs::path folder = test::scratch() / "full";
    fs::create_directories(folder);
    std::string path = (folder / "file").string();
    write_file(path, "old");
    signal(SIGXFSZ, SIG_IGN);  // the limit below then shows as an error of write()
    rlimit before{}, small{};
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    std::string message;
    try {
        write_file(path, std::string(1 << 20, 'x'));
    } catch (const Error& e) {
        message = e.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(message.find("cannot write") != std::string::npos);
    CHECK(message.find("untouched") != std::string::npos);
    CHECK(read_file(path) == "old");
    CHECK(entries(folder) == 1);
}

TEST_CASE("files: missing files and folders are told apart") {
    CHECK_THROWS_WITH(read_file("/no/such/place"), Catch::Contains("does not exist either"));
    CHECK_THROWS_WITH(read_file(test::scratch().string()), Catch::Contains("is a folder"));
    CHECK_THROWS_WITH(resolve_model_path("no-such-model"), Catch::Contains("looked in"));
}
