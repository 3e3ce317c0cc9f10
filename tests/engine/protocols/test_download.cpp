// SPDX-License-Identifier: Apache-2.0
// Downloads from a hub that misbehaves (tests/support/hub_server): what arrives is right or is not
// there, what was cut is gone on with, and the token goes nowhere but to the hub.
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "hub_server.h"
#include "protocols/downloads.h"
#include "protocols/url.h"
#include "test.h"

using namespace moonlet;
using moonlet::test::HubServer;
namespace fs = std::filesystem;

namespace {

struct Place {
    HubServer server;
    fs::path folder;
    explicit Place(const std::string& name) : folder(test::scratch() / ("download-" + name)) {
        fs::create_directories(folder);
    }
    HubAccess access(const std::string& token = "") const {
        HubAccess a;
        a.endpoint = server.url();
        a.token = token;
        a.retries = 2;
        return a;
    }
    DownloadFile file(const std::string& id, const std::string& name) const {
        DownloadFile f;
        f.name = name;
        f.url = server.url("/" + id + "/resolve/main/" + name);
        f.path = (folder / fs::path(name).filename()).string();
        f.partial = f.path + ".incomplete";
        f.lock = f.path + ".lock";
        f.page = server.url("/" + id);
        for (const auto& each : server.files(id)) {
            if (each.name != name) continue;
            f.bytes = int64_t(each.content.size());
            f.hash = f.etag = each.hash();
        }
        return f;
    }
    std::string content(const std::string& id, const std::string& name) const {
        for (const auto& each : server.files(id))
            if (each.name == name) return each.content;
        return "";
    }
    // Requests at the other host, for the file.
    size_t fetched(const std::string& id) const {
        size_t n = 0;
        for (const auto& r : server.other_requests()) n += r.path.find(id) != std::string::npos;
        return n;
    }
};

Json run(Job& job) {
    wait_jobs({&job});
    return job.result();
}

std::string error_of(Job& job) {
    wait_jobs({&job});
    try {
        job.result();
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

const char* kWeights = "model.safetensors";

}  // namespace

TEST_CASE("a file arrives whole, checked, under its name") {
    Place at("whole");
    for (const char* name : {"config.json", kWeights}) {
        DownloadFile file = at.file("org/plain", name);
        DownloadJob job(file, at.access());
        Json result = run(job);
        CHECK(read_file(file.path) == at.content("org/plain", name));
        CHECK(result["received"] == file.bytes);
        CHECK(!result["there"].get<bool>());
        CHECK(!fs::exists(file.partial));
        DownloadJob again(file, at.access());
        result = run(again);
        CHECK(result["there"].get<bool>());
        CHECK(result["received"] == 0);
        file.force = true;
        DownloadJob forced(file, at.access());
        CHECK(run(forced)["received"] == file.bytes);
    }
}

TEST_CASE("the token is told to the hub and to nobody else") {
    Place at("token");
    DownloadJob job(at.file("org/plain", kWeights), at.access(HubServer::kToken));
    run(job);
    CHECK(at.server.requests()[0].headers.count("authorization") == 1);
    for (const auto& request : at.server.other_requests()) {
        CHECK(request.headers.count("authorization") == 0);
        CHECK(request.path.find("signature=s3cret") != std::string::npos);
    }
    CHECK(at.fetched("org/plain") == 1);
}

TEST_CASE("connections that break off are gone on with") {
    for (const char* id : {"org/cut", "org/early", "org/norange"}) {
        INFO(id);
        Place at(fs::path(id).filename().string());
        DownloadFile file = at.file(id, kWeights);
        DownloadJob job(file, at.access());
        Json result = run(job);
        CHECK(read_file(file.path) == at.content(id, kWeights));
        int64_t more = result["received"].get<int64_t>() - file.bytes;
        if (id == std::string("org/norange")) CHECK(more > 0);  // from the beginning again
        else CHECK(more == 0);
    }
}

TEST_CASE("what an earlier run left is gone on with, where it is the beginning of the file") {
    Place at("partial");
    const std::string content = at.content("org/plain", kWeights);
    DownloadFile file = at.file("org/plain", kWeights);
    auto pull = [&](const std::string& left) {
        fs::remove(file.path);
        write_file(file.partial, left);
        DownloadJob job(file, at.access());
        Json result = run(job);
        CHECK(read_file(file.path) == content);
        return result;
    };
    Json result = pull(content.substr(0, 100000));
    CHECK(result["resumed"].get<bool>());
    CHECK(result["received"] == 200000);
    auto ranges = at.server.other_requests();
    CHECK(ranges.back().headers.at("range") == "bytes=100000-");

    CHECK(pull(content)["received"] == 0);  // all of it was there, only the name was missing
    CHECK(pull(std::string(100000, 'x'))["received"] == 500000);  // another file's: from 0 again
    CHECK(pull(content + "more")["received"] == 300000);
    CHECK(pull(std::string(300000, 'x'))["received"] == 300000);

    // without a hash the server's own mark tells whether it is the same file
    file.hash.clear();
    file.etag = std::string("store-") + kWeights;
    pull(content.substr(0, 5));
    CHECK(at.server.other_requests().back().headers.at("if-range") ==
          '"' + std::string("store-") + kWeights + '"');
}

TEST_CASE("wrong bytes are never kept") {
    for (auto [id, name] : {std::pair("org/wrong", kWeights), {"org/wrong2", "config.json"}}) {
        INFO(id);
        Place at(fs::path(id).filename().string());
        DownloadFile file = at.file(id, name);
        DownloadJob job(file, at.access());
        std::string said = error_of(job);
        CHECK(said.find(name) == 0);
        CHECK(said.find("not what the hub says") != std::string::npos);
        CHECK(!fs::exists(file.path));
        CHECK(!fs::exists(file.partial));
    }
    Place at("short");
    DownloadJob job(at.file("org/short", kWeights), at.access());
    CHECK(error_of(job).find("299990 bytes") != std::string::npos);
}

TEST_CASE("refusals say what to do") {
    Place at("refused");
    auto said = [&](const std::string& id, const std::string& name, const std::string& token = "") {
        DownloadFile file = at.file(id, name);
        file.hash = file.etag = "x", file.bytes = -1;
        DownloadJob job(file, at.access(token));
        std::string text = error_of(job);
        CHECK(text.find(HubServer::kToken) == std::string::npos);
        return text;
    };
    auto holds = [](const std::string& text, const std::string& part) {
        INFO(text);
        CHECK(text.find(part) != std::string::npos);
    };
    holds(said("org/gated", kWeights), "accept its terms at");
    holds(said("org/gated", kWeights), "set HF_TOKEN");
    holds(said("org/gated", kWeights, HubServer::kToken), "the account of the token");
    holds(said("org/plain", "nothing.txt"), "this file is not");
    holds(said("org/nowhere", "x"), "there is no such model");
    holds(said("org/down", "x"), "status 503");
    holds(said("org/busier", "x"), "asks to wait 3.6e+03 s");
    holds(said("org/loop", "x"), "redirects");
    holds(said("org/astray", "x"), "leads nowhere");
}

TEST_CASE("what passes is waited for") {
    for (const char* id : {"org/busy", "org/flaky", "org/moved"}) {
        INFO(id);
        Place at(fs::path(id).filename().string());
        DownloadFile file = at.file(id, "config.json");
        DownloadJob job(file, at.access());
        run(job);
        CHECK(read_file(file.path) == at.content(id, "config.json"));
    }
}

TEST_CASE("cancelled, it keeps what came, and the next goes on there") {
    Place at("stall");
    DownloadFile file = at.file("org/stall", kWeights);
    {
        DownloadJob job(file, at.access());
        while (job.have() < file.bytes / 2) wait_jobs({&job}, 0.02);
        job.cancel();
        CHECK(job.done());
        CHECK_THROWS_AS(job.result(), Error);
    }
    CHECK(fs::file_size(file.partial) == size_t(file.bytes / 2));
    DownloadJob job(file, at.access());
    Json result = run(job);
    CHECK(result["received"] == file.bytes - file.bytes / 2);
    CHECK(read_file(file.path) == at.content("org/stall", kWeights));
}

TEST_CASE("another process that pulls the same is waited for") {
    Place at("lock");
    DownloadFile file = at.file("org/plain", kWeights);
    int fd = ::open(file.lock.c_str(), O_RDWR | O_CREAT, 0666);
    REQUIRE(::flock(fd, LOCK_EX) == 0);
    DownloadJob job(file, at.access());
    CHECK(!wait_jobs({&job}, 0.3));
    CHECK(job.waiting().find("another process") == 0);
    write_file(file.path, at.content("org/plain", kWeights));  // it has finished
    fs::remove(file.lock);                                     // as filelock does
    ::close(fd);
    CHECK(run(job)["there"].get<bool>());
    CHECK(at.fetched("org/plain") == 0);
}

TEST_CASE("a disk that takes no more is said, and what came stays") {
    Place at("full");
    DownloadFile file = at.file("org/plain", kWeights);
    std::string said;
    {
        auto ignored = ::signal(SIGXFSZ, SIG_IGN);
        rlimit before, small;
        ::getrlimit(RLIMIT_FSIZE, &before);
        small = {100000, before.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
        DownloadJob job(file, at.access());
        said = error_of(job);
        ::setrlimit(RLIMIT_FSIZE, &before);
        ::signal(SIGXFSZ, ignored);
    }
    INFO(said);
    CHECK(said.find("cannot write") != std::string::npos);
    CHECK(said.find("cache=") != std::string::npos);
    CHECK(fs::file_size(file.partial) == 100000);
    DownloadJob job(file, at.access());
    CHECK(run(job)["received"] == 200000);
}

TEST_CASE("several at once; the first failure ends all") {
    Place at("several");
    std::vector<DownloadFile> files;
    for (const char* name : {"config.json", "README.md", kWeights, "tokenizer.json"})
        files.push_back(at.file("org/plain", name));
    DownloadsJob job("pulling", files, at.access(), 2);
    Json result = run(job);
    REQUIRE(result["files"].size() == 4);
    CHECK(result["files"][2]["bytes"] == 300000);
    for (const auto& file : files) CHECK(fs::exists(file.path));

    files[1] = at.file("org/plain", "nothing.txt");
    for (auto& file : files) file.force = true;
    DownloadsJob failing("pulling", files, at.access(), 4);
    CHECK(error_of(failing).find("nothing.txt: status 404") == 0);
    CHECK(failing.done());
    DownloadsJob none("pulling", {}, at.access(), 4);
    CHECK(run(none)["files"].empty());
}

TEST_CASE("Ctrl-C ends the wait") {
    Place at("interrupt");
    DownloadsJob job("pulling", {at.file("org/stall", kWeights)}, at.access(), 4);
    wait_jobs({&job}, 0.2);
    interrupt::flag() = int(interrupt::State::requested);
    CHECK_THROWS_AS(wait_jobs({&job}), Interrupted);
    interrupt::reset();
    job.cancel();
    CHECK(job.done());
}

TEST_CASE("what is asked stays at the hub") {
    Place at("head");
    HubRequestJob job(at.access(), "HEAD",
                      at.server.url("/org/plain/resolve/main/model.safetensors"));
    Json result = run(job);
    CHECK(result["status"] == 302);
    CHECK(result["first"]["x-linked-size"] == "300000");
    CHECK(at.fetched("org/plain") == 0);
    HubRequestJob moved(at.access(), "HEAD", at.server.url("/org/moved/resolve/main/config.json"));
    CHECK(run(moved)["status"] == 200);
}

TEST_CASE("addresses") {
    CHECK(url_origin("HTTPS://Host.Example/a?b") == "https://host.example:443");
    CHECK(url_origin("http://h:8080/x") == "http://h:8080");
    CHECK(url_origin("https://user:pw@h") == "https://h:443");
    CHECK(resolved_url("http://h/a/b?c", "/d?e") == "http://h/d?e");
    CHECK(resolved_url("http://h/a/b", "https://other/x") == "https://other/x");
    CHECK_THROWS_AS(url_origin("no address"), Error);
    CHECK(percent_encoded("refs/pr/1") == "refs%2Fpr%2F1");
    CHECK(percent_encoded("a b/ü~.txt", "/") == "a%20b/%C3%BC~.txt");
}
