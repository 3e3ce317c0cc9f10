// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "core/files.h"
#include "formats/model_summary.h"
#include "test.h"

using namespace moonlet;
namespace fs = std::filesystem;

TEST_CASE("a folder's numbers are those of its headers") {
    auto demo = summarize_model((test::root() / "examples/models/demo").string());
    REQUIRE(demo);
    CHECK(demo->family == "llama");
    CHECK(demo->dtype == "bf16");
    CHECK(demo->bytes == 2 * demo->parameters);
    CHECK(demo->problem.empty());
    auto golden = summarize_model(test::golden("generation/llama").string());
    REQUIRE(golden);
    CHECK(golden->parameters == 86352);  // sum(p.numel()) by transformers
    CHECK(golden->dtype == "f32");
}

TEST_CASE("what is damaged says so, what is no model is nothing") {
    const fs::path folder = test::scratch() / "models";
    fs::create_directories(folder / "broken");
    fs::create_directories(folder / "other");
    write_file((folder / "broken/config.json").string(), "{\"model_type\": \"llama\"}");
    write_file((folder / "broken/model.safetensors").string(), "nothing of the kind");
    write_file((folder / "x.gguf").string(), "GGUF?");
    write_file((folder / "other/readme.txt").string(), "x");
    CHECK(model_entries(folder.string()) == std::vector<std::string>{"broken", "x.gguf"});
    CHECK(!summarize_model((folder / "other").string()));
    CHECK(!summarize_model((folder / "other/readme.txt").string()));
    auto broken = summarize_model((folder / "broken").string());
    REQUIRE(broken);
    CHECK(broken->family == "llama");
    CHECK(broken->problem.find("model.safetensors") != std::string::npos);
    auto gguf = summarize_model((folder / "x.gguf").string());
    REQUIRE(gguf);
    CHECK(!gguf->problem.empty());
    CHECK(model_entries((folder / "nowhere").string()).empty());
}
