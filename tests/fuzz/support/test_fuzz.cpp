// SPDX-License-Identifier: Apache-2.0
// The fuzz targets without a fuzzer: each runs its seeds, and mutations of them that are the same
// every time. A crash, a hang (of minutes) or a too big allocation is the failure, and its last
// words say which input it was: test_fuzz READER SEED NUMBER runs that one again.
//   MOONLET_FUZZ_ROUNDS: mutations per reader, default 2000
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "core/files.h"
#include "core/random.h"
#include "target.h"

namespace {

using namespace moonlet;
namespace fs = std::filesystem;

char here[200];  // the input under way, for the last words

void last_words(int signal) {
    if (write(2, here, std::strlen(here)) < 0) _exit(3);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

std::string mutated(const std::string& seed, const std::vector<std::string>& seeds,
                    uint64_t number) {
    Random random(number);
    std::string s = seed;
    for (uint64_t n = 1 + random.below(4); n > 0; --n) {
        const size_t at = random.below(s.size() + 1);
        switch (random.below(8)) {
            case 0: s.insert(at, 1, char(random.below(256))); break;
            case 1: s.erase(at, 1 + random.below(16)); break;
            case 2:
                if (at < s.size()) s[at] = char(random.below(256));
                break;
            case 3:
                if (at < s.size()) s[at] = char(s[at] ^ (1 << random.below(8)));
                break;
            case 4: s.insert(at, s.substr(random.below(s.size() + 1), random.below(64))); break;
            case 5: s.resize(at); break;
            case 6: {  // a number of a binary file: all ones, or a power of two
                uint64_t value = random.below(2) ? ~uint64_t(0) : uint64_t(1) << random.below(64);
                const size_t width = size_t(1) << random.below(4);
                if (at + width <= s.size()) std::memcpy(s.data() + at, &value, width);
                break;
            }
            default: {
                const std::string& other = seeds[random.below(seeds.size())];
                s.insert(at, other.substr(random.below(other.size() + 1), random.below(64)));
            }
        }
    }
    return s;
}

}  // namespace

int main(int count, char** words) {
    const char* given = std::getenv("MOONLET_ROOT");
    const fs::path root = given && *given ? given : ".";
    const char* env = std::getenv("MOONLET_FUZZ_ROUNDS");
    const uint64_t rounds = env ? uint64_t(std::atoll(env)) : 2000;
    int passed = 0, failed = 0;
    for (int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGTERM}) std::signal(signal, last_words);
    std::sort(fuzz::targets().begin(), fuzz::targets().end(),
              [](auto& a, auto& b) { return a.name < b.name; });
    for (const fuzz::Target& target : fuzz::targets()) {
        if (count > 1 && target.name != words[1]) continue;
        std::vector<fs::path> files;
        std::error_code none;
        for (auto& entry : fs::directory_iterator(root / "tests/fuzz/seeds" / target.name, none))
            files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        std::vector<std::string> seeds;
        for (auto& file : files) seeds.push_back(read_file(file.string()));
        if (seeds.empty()) {
            std::printf("FAIL %s: no seeds in tests/fuzz/seeds\n", target.name.c_str());
            ++failed;
            continue;
        }
        auto run = [&](size_t seed, uint64_t number, const std::string& input) {
            std::snprintf(here, sizeof here, "test_fuzz %s %zu %llu\n", target.name.c_str(), seed,
                          static_cast<unsigned long long>(number));
            fuzz::run(target, input);
        };
        if (count > 3) {
            const size_t seed = size_t(std::atoi(words[2])) % seeds.size();
            const uint64_t number = uint64_t(std::atoll(words[3]));
            run(seed, number, number ? mutated(seeds[seed], seeds, number) : seeds[seed]);
            continue;
        }
        for (size_t i = 0; i < seeds.size(); ++i) run(i, 0, seeds[i]);
        for (uint64_t number = 1; number <= rounds; ++number) {
            const size_t seed = number % seeds.size();
            run(seed, number, mutated(seeds[seed], seeds, number));
        }
        std::printf("%s: %zu seeds, %llu mutations\n", target.name.c_str(), seeds.size(),
                    static_cast<unsigned long long>(rounds));
        std::fflush(stdout);
        ++passed;
    }
    std::printf("passed=%d failed=%d skipped=0\n", passed, failed);
    return failed != 0;
}
