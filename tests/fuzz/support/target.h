// SPDX-License-Identifier: Apache-2.0
// A reader of foreign bytes as a fuzzer sees it: a function from bytes to nothing, that may end in
// Error and in nothing else. While it runs no single allocation may exceed twice the input and a
// constant: what a file claims must not decide how much memory is asked for. Used by libFuzzer
// (scripts/test --fuzz) and by test_fuzz, which runs the seeds and mutations of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

using Run = void (*)(std::string_view input);

struct Target {
    std::string name;  // of the file and of the folder of seeds
    Run run;
    size_t constant;  // bytes of one allocation that are fine with any input
};

std::vector<Target>& targets();
// A static initialiser of the target's file, one per file.
bool add(std::string name, Run run, size_t constant = size_t(1) << 20);

// Runs one input under the limit. moonlet::Error ends it well; anything else is a finding.
void run(const Target& target, std::string_view input);

// While it lives allocations are not limited: for what the target itself does with a result.
class Unlimited {
  public:
    Unlimited();
    ~Unlimited();
    Unlimited(const Unlimited&) = delete;
    Unlimited& operator=(const Unlimited&) = delete;

  private:
    size_t before_;
};

}  // namespace fuzz
