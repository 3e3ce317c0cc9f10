// SPDX-License-Identifier: Apache-2.0
// Vectors of FIPS 180-4's examples and of `git hash-object`.
#include <catch2/catch.hpp>

#include "core/sha1.h"

using namespace moonlet;

TEST_CASE("the examples of the standard") {
    CHECK(sha1("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(sha1(std::string(1000000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("in pieces of any size it is the same, and git's id of a file follows") {
    const std::string content = "test content\n";
    CHECK(sha1("blob 13" + std::string(1, '\0') + content) ==
          "d670460b4b4aece5915caf5c68d12f560a9fe3e4");
    const std::string text(1000, 'x');
    for (size_t piece : {1u, 7u, 63u, 64u, 65u, 130u}) {
        Sha1 hash;
        for (size_t at = 0; at < text.size(); at += piece)
            hash.add(text.data() + at, std::min(piece, text.size() - at));
        CHECK(hash.hex() == sha1(text));
    }
}
