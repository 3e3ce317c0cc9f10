// SPDX-License-Identifier: Apache-2.0
// SHA-256 against the vectors of FIPS 180-4 and coreutils; which models were opened.
#include <catch2/catch.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/opened.h"
#include "core/sha256.h"
#include "test.h"

using namespace moonlet;

TEST_CASE("sha256: the published digests, added in pieces of any size") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    const std::string million(1000000, 'a');
    for (size_t piece : {size_t(1), size_t(63), size_t(64), size_t(65), size_t(4096)}) {
        Sha256 hash;
        for (size_t at = 0; at < million.size(); at += piece)
            hash.add(million.data() + at, std::min(piece, million.size() - at));
        CHECK(hash.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

TEST_CASE("opened: names are noted once, weights are hashed when asked") {
    auto folder = test::scratch() / "model";
    std::filesystem::create_directories(folder);
    write_file((folder / "config.json").string(), "{}");
    CHECK(weight_hash(folder.string()).empty());
    write_file((folder / "b.safetensors").string(), "abc");
    CHECK(weight_hash(folder.string()) == sha256("abc"));
    CHECK(weight_hash((folder / "b.safetensors").string()) == sha256("abc"));
    write_file((folder / "a.gguf").string(), "");
    CHECK(weight_hash(folder.string()) ==
          sha256(sha256("") + "  a.gguf\n" + sha256("abc") + "  b.safetensors\n"));

    take_opened();
    note_opened("x", folder.string());
    note_opened("y", "elsewhere");
    note_opened("x", folder.string());
    auto opened = take_opened();
    REQUIRE(opened.size() == 2);
    CHECK((opened[0].name == "x" && opened[1].name == "y"));
    CHECK(opened[0].stamp == weight_stamp(folder.string()));
    CHECK(take_opened().empty());
    CHECK(last_opened("x").path == folder.string());
    CHECK_THROWS_AS(last_opened("z"), Error);
    write_file((folder / "b.safetensors").string(), "abcd");
    CHECK(opened[0].stamp != weight_stamp(folder.string()));
}
