// SPDX-License-Identifier: Apache-2.0
// What a Catch2 test of ours may ask of the place it runs in: where data lies, and how to say "not
// here". Knows nothing of the engine, so that every room's test binary links it.
#pragma once

#include <filesystem>
#include <string>

namespace moonlet::test {

// The root of the repository.
std::filesystem::path root();

// tests/golden/NAME: numbers of another implementation, made by scripts/golden.
std::filesystem::path golden(const std::string& name);

// NAME under the shared data folder: $MOONLET_TEST_DATA, else ../shared/data beside the repository.
// The file may be absent; then the test calls skip().
std::filesystem::path data(const std::string& name);

// The folder of the embedding model (MOONLET_DEPS, else .deps, /minilm). Where it is absent a test
// skips; when MOONLET_CI is set that counts as a failure, since CI promises to have it.
std::filesystem::path minilm();

// A fresh folder of this process for files of a test; removed when the process ends.
std::filesystem::path scratch();

// Says aloud that the running test case cannot be done here, and why; it counts as skipped, not as
// passed. Ends nothing: write `return moonlet::test::skip("no such corpus");`.
void skip(const std::string& why);

// Thrown after skip() by what cannot return, such as a constructor: ends the test case as skipped.
struct Skipped {};

}  // namespace moonlet::test
