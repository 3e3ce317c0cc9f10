// SPDX-License-Identifier: Apache-2.0
// Against huggingface_hub (tests/golden/formats/hub.json): the names it takes, where it looks, and
// the folder it leaves, link by link.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "formats/hub_cache.h"
#include "formats/hub_settings.h"
#include "test.h"

using namespace moonlet;
namespace fs = std::filesystem;

namespace {

const Json& golden() {
    static const Json json = read_json(test::golden("formats/hub.json").string());
    return json;
}

// Variables for the length of a test; those of the hub are not set beforehand.
struct Environment {
    std::vector<std::pair<std::string, std::optional<std::string>>> before;
    Environment() {
        for (const char* name :
             {"HOME", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME",
              "HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HF_TOKEN_PATH",
              "HUGGING_FACE_HUB_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "DATA", "NOPE"}) {
            const char* value = std::getenv(name);
            before.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
            ::unsetenv(name);
        }
    }
    ~Environment() {
        for (const auto& [name, value] : before) {
            if (value) ::setenv(name.c_str(), value->c_str(), 1);
            else ::unsetenv(name.c_str());
        }
    }
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

}  // namespace

TEST_CASE("names of models as the hub takes them") {
    for (const auto& [name, fine] : golden()["names"].items()) {
        INFO(name);
        CHECK(is_hub_id(name) == fine.get<bool>());
    }
}

TEST_CASE("the environment as huggingface_hub reads it") {
    const fs::path home = test::scratch() / "settings";
    fs::create_directories(home);
    std::ofstream(home / "token") << "  hf_file\n";
    std::ofstream(home / "mytoken") << "hf_mine";
    std::ofstream(home / "empty") << "\n";
    for (const Json& each : golden()["settings"]) {
        INFO(each["environment"].dump());
        Environment clean;
        ::setenv("HOME", home.c_str(), 1);
        for (const auto& [name, value] : each["environment"].items())
            ::setenv(name.c_str(),
                     replaced(value.get<std::string>(), "HOME_FOLDER", home.string()).c_str(), 1);
        const Json& found = each["found"];
        CHECK(hub_cache_folder() ==
              replaced(found["cache"].get<std::string>(), "HOME_FOLDER", home.string()));
        CHECK(hub_endpoint() == found["endpoint"].get<std::string>());
        CHECK(hub_offline() == found["offline"].get<bool>());
        CHECK(hub_token().text == found["token"].get<std::string>());
        CHECK(hub_token_on_request_only() == found["on_request"].get<bool>());
    }
}

TEST_CASE("the folder that is left is the one huggingface_hub leaves") {
    const Json& wanted = golden()["cache"];
    HubCache cache((test::scratch() / "hub").string());
    const std::string id = wanted["id"];
    for (const auto& [revision, commit] : wanted["revisions"].items()) {
        cache.prepare(id, commit);
        cache.set_commit(id, revision, commit);
        for (const Json& file : wanted["files"]) {
            const std::string etag = file["etag"], name = file["name"];
            std::string bytes;  // the text is Latin-1: a character is a byte
            for (size_t i = 0, n = file["text"].get<std::string>().size(); i < n; ++i) {
                auto c = static_cast<unsigned char>(file["text"].get_ref<const std::string&>()[i]);
                if (c < 0x80) bytes += char(c);
                else {
                    auto low =
                        static_cast<unsigned char>(file["text"].get_ref<const std::string&>()[++i]);
                    bytes += char((c & 3) << 6 | (low & 63));
                }
            }
            write_file(cache.blob(id, etag), bytes);
            write_file(cache.lock(id, etag), "");
            cache.link(id, commit, name, etag);
            cache.link(id, commit, name, etag);  // a second time changes nothing
        }
        cache.set_absent(id, commit, "tokenizer.json");
        CHECK(cache.absent(id, commit, "tokenizer.json"));
        CHECK(!cache.absent(id, commit, "config.json"));
        CHECK(cache.commit(id, revision) == commit.get<std::string>());
    }
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(cache.folder())) {
        const std::string name = entry.path().lexically_relative(cache.folder()).string();
        INFO(name);
        if (entry.is_directory()) continue;
        ++count;
        REQUIRE(wanted["tree"].contains(name));
        const Json& there = wanted["tree"][name];
        CHECK(entry.is_symlink() == there.contains("link"));
        if (entry.is_symlink()) CHECK(fs::read_symlink(entry.path()).string() == there["link"]);
        else if (there.contains("text")) CHECK(read_file(entry.path().string()) == there["text"]);
        else CHECK(entry.file_size() == there["bytes"].get<size_t>());
    }
    CHECK(count == wanted["tree"].size());

    auto all = cache.snapshots();
    REQUIRE(all.size() == 2);
    CHECK(all[0].id == id);
    CHECK(all[0].revisions == std::vector<std::string>{"main", "refs/pr/2"});
    CHECK(all[1].revisions == std::vector<std::string>{"v1.0"});
    auto files = cache.files(id, all[0].commit);
    REQUIRE(files.size() == 3);
    CHECK(files[0].name == "1_Pooling/config.json");
    CHECK(files[2].bytes == 2048);
    fs::remove(cache.blob(id, wanted["files"][0]["etag"]));
    CHECK(cache.files(id, all[0].commit).size() == 2);  // a link to nothing is no file
}

TEST_CASE("no name from a server leads outside") {
    HubCache cache((test::scratch() / "outside").string());
    const std::string commit(40, 'a');
    for (const char* name :
         {"../x", "a/../../x", "/etc/passwd", "", ".", "a//b", "a/", "..", "a\nb", "a\\..\\b"}) {
        INFO(name);
        CHECK_THROWS_AS(cache.file("o/m", commit, name), Error);
        CHECK_THROWS_AS(cache.link("o/m", commit, name, "x"), Error);
        CHECK_THROWS_AS(cache.set_absent("o/m", commit, name), Error);
        CHECK_THROWS_AS(cache.set_commit("o/m", name, commit), Error);
        CHECK_THROWS_AS(cache.snapshot("o/m", name), Error);
        CHECK_THROWS_AS(cache.blob("o/m", name), Error);
    }
    CHECK_THROWS_AS(cache.blob("o/m", "a/b"), Error);
    CHECK_THROWS_AS(cache.snapshot("o/m", "a/b"), Error);
    CHECK_THROWS_AS(cache.repository("../m"), Error);
    CHECK(cache.commit("o/m", "main").empty());
    CHECK(cache.commit("o/m", commit) == commit);
    CHECK(cache.snapshots().empty());
    CHECK(cache.free_bytes() > 0);  // of the disk it would be on
}
