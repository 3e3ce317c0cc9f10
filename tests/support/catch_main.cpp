// SPDX-License-Identifier: Apache-2.0
// main() of every Catch2 binary, and the closing line `passed=N failed=N skipped=N` (test cases,
// not assertions) which scripts/test adds up over all runners.
#define CATCH_CONFIG_RUNNER
#include "test.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace moonlet::test {
namespace fs = std::filesystem;

namespace {

bool skipped_now = false, skipped_ever = false;
int failed = 0;

// A name never used before: suites run side by side, and a killed one's folder stays, so that a
// process id met again would bring its files (and its checkpoints to resume from) back.
struct Scratch {
    fs::path path;
    Scratch() {
        std::string name = (fs::temp_directory_path() / "moonlet-testXXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
        path = name;
    }
    ~Scratch() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
};

struct ClosingLine : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;

    void testCaseStarting(const Catch::TestCaseInfo& info) override {
        TestEventListenerBase::testCaseStarting(info);
        skipped_now = false;
    }

    void testCaseEnded(const Catch::TestCaseStats& stats) override {
        if (skipped_now) {  // also when Skipped ended it, which Catch2 takes for a failure
            ++skipped_;
        } else if (stats.totals.assertions.failed > 0) {
            ++failed;
        } else {
            ++passed_;
        }
        TestEventListenerBase::testCaseEnded(stats);
    }

    void testRunEnded(const Catch::TestRunStats& stats) override {
        TestEventListenerBase::testRunEnded(stats);
        std::cout << "passed=" << passed_ << " failed=" << failed << " skipped=" << skipped_
                  << std::endl;
    }

  private:
    int passed_ = 0, skipped_ = 0;
};
CATCH_REGISTER_LISTENER(ClosingLine)

fs::path folder_from(const char* variable, const fs::path& otherwise) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? fs::path(value) : otherwise;
}

}  // namespace

// MOONLET_ROOT (ctest sets it), else from where this file was compiled.
fs::path root() {
    static const fs::path here = fs::path(__FILE__).parent_path().parent_path().parent_path();
    return folder_from("MOONLET_ROOT", here);
}

fs::path golden(const std::string& name) { return root() / "tests/golden" / name; }

fs::path data(const std::string& name) {
    return folder_from("MOONLET_TEST_DATA", root().parent_path() / "shared/data") / name;
}

fs::path minilm() {
    fs::path path = folder_from("MOONLET_DEPS", root() / ".deps") / "minilm";
    if (std::getenv("MOONLET_CI") != nullptr && !fs::exists(path)) {
        FAIL("the embedding model is absent, and CI promises to have it: " << path);
    }
    return path;
}

fs::path scratch() {
    static Scratch folder;
    return folder.path;
}

int run(int count, char** words) {
    int status = Catch::Session().run(count, words);
    bool usage = status > 0 && failed == 0 && !skipped_ever;
    return failed > 0 || usage ? 1 : 0;
}

void skip(const std::string& why) {
    skipped_now = skipped_ever = true;
    std::cout << "SKIP " << Catch::getResultCapture().getCurrentTestName() << ": " << why
              << std::endl;
}

}  // namespace moonlet::test

int main(int count, char** words) { return moonlet::test::run(count, words); }
