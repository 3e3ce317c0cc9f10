// SPDX-License-Identifier: Apache-2.0
// The threads of the CPU kernels: every part once, barriers, exceptions, callers side by side,
// fork.
#include "ops/cpu/pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/error.h"

using namespace moonlet;

namespace {

struct Threads {  // for the length of a test
    explicit Threads(int count) { cpu::set_threads(count); }
    ~Threads() { cpu::set_threads(0); }
};

}  // namespace

TEST_CASE("every part is done once") {
    for (int threads : {1, cpu::processors()}) {
        Threads set(threads);
        for (int64_t parts : {0, 1, 2, 3, 7, 100, 10000}) {
            std::vector<std::atomic<int>> done(static_cast<size_t>(parts));
            cpu::run(parts, [&](int64_t part) { ++done[size_t(part)]; });
            for (auto& count : done) REQUIRE(count == 1);
        }
    }
}

TEST_CASE("the parts of a team cover the count in whole steps") {
    for (int size : {1, 2, 3, 7})
        for (int64_t count : {0, 1, 15, 16, 17, 1000})
            for (int64_t step : {1, 16}) {
                int64_t at = 0;
                for (int i = 0; i < size; ++i) {
                    cpu::Team team;
                    team.index = i;
                    team.size = size;
                    const auto part = team.part(count, step);
                    REQUIRE(part.begin == at);
                    REQUIRE((part.begin == count || part.begin % step == 0));
                    at = part.end;
                }
                REQUIRE(at == count);
            }
}

TEST_CASE("a barrier keeps stages apart") {
    constexpr int stages = 200;
    std::vector<int64_t> values(64, 0);
    bool apart = true;
    cpu::together([&](cpu::Team& team) {
        for (int stage = 0; stage < stages; ++stage) {
            const auto mine = team.part(int64_t(values.size()));
            for (int64_t i = mine.begin; i < mine.end; ++i) values[size_t(i)] = stage;
            team.barrier();
            for (int64_t value : values)
                if (value != stage) apart = false;
            team.barrier();
        }
    });
    CHECK(apart);
}

TEST_CASE("an exception of any thread comes out, whoever waits at a barrier") {
    for (int round = 0; round < 50; ++round) {
        const int thrower = round % cpu::threads();
        CHECK_THROWS_AS(cpu::together([&](cpu::Team& team) {
                            if (team.index == thrower) throw std::runtime_error("no");
                            team.barrier();
                            team.barrier();
                        }),
                        std::runtime_error);
        CHECK_THROWS_AS(cpu::run(100,
                                 [&](int64_t part) {
                                     if (part == round) throw Interrupted{};
                                 }),
                        Interrupted);
    }
    std::atomic<int> sum{0};
    cpu::run(10, [&](int64_t part) { sum += int(part); });  // and the next piece of work is right
    CHECK(sum == 45);
}

TEST_CASE("work inside work, and callers side by side, run alone") {
    std::atomic<int> sum{0};
    cpu::together([&](cpu::Team&) {
        cpu::together([&](cpu::Team& inner) {
            inner.barrier();
            ++sum;
        });
    });
    CHECK(sum == cpu::threads());
    std::vector<std::thread> callers;
    std::atomic<int64_t> total{0};
    for (int i = 0; i < 4; ++i)
        callers.emplace_back([&] {
            for (int round = 0; round < 200; ++round)
                cpu::run(10, [&](int64_t part) { total += part; });
        });
    for (auto& caller : callers) caller.join();
    CHECK(total == 4 * 200 * 45);
}

TEST_CASE("a child of fork has threads too") {
    cpu::run(10, [](int64_t) {});
    const pid_t child = fork();
    if (child == 0) {
        std::atomic<int> sum{0};
        cpu::run(10, [&](int64_t part) { sum += int(part); });
        cpu::together([&](cpu::Team& team) { team.barrier(); });
        _exit(sum == 45 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("idle threads sleep") {
    cpu::run(10, [](int64_t) {});
    auto used = [] {
        timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
    };
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const double before = used();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    CHECK(used() - before < 0.15);
}

TEST_CASE("the count of threads is what was set, at most the processors") {
    Threads set(1);
    CHECK(cpu::threads() == 1);
    cpu::set_threads(100000);
    CHECK(cpu::threads() == cpu::processors());
}
