// SPDX-License-Identifier: Apache-2.0
// A run that is killed for real (SIGKILL from outside, and by the kernel in the middle of a save)
// and resumed ends in the same bytes as one that was left alone. The victim is this program again,
// running the hidden test, which the environment tells where to wait and where to die: no kill
// depends on how fast the machine is.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <set>
#include <thread>

#include "support.h"
#include "trainers/checkpoint.h"

extern char** environ;

using namespace moonlet;
namespace fs = std::filesystem;

namespace {

constexpr int kSteps = 12, kStepsBeforeLimit = 3;

std::shared_ptr<Trainer> trainer_for(const std::string& output, at::ScalarType dtype) {
    return Trainer::make("cpt", test::tiny_model(dtype), test::random_rows(30),
                         {{"lr", 5e-3},
                          {"max_length", 24},
                          {"batch_size", 2},
                          {"accumulate", 2},
                          {"max_steps", kSteps},
                          {"weight_decay", 0.1},
                          {"output", output},
                          {"save_steps", 1},
                          {"keep", 2},
                          {"resume", "auto"},
                          {"seed", 8}});
}

at::ScalarType dtype_of_child() {
    return std::getenv("MOONLET_CHILD_BF16") ? at::kBFloat16 : at::kFloat;
}

// -1 where the test that started the child set no such number.
long number_of_child(const char* variable) {
    const char* value = std::getenv(variable);
    return value ? std::atol(value) : -1;
}

pid_t start_child(const std::string& output, const std::vector<std::string>& more) {
    std::vector<std::string> environment;
    for (char** e = environ; *e; ++e) environment.push_back(*e);
    environment.push_back("MOONLET_CHILD_OUTPUT=" + output);
    environment.insert(environment.end(), more.begin(), more.end());
    std::vector<char*> env;
    for (std::string& e : environment) env.push_back(e.data());
    env.push_back(nullptr);
    std::string self = fs::read_symlink("/proc/self/exe").string(),
                name = "victim of the resume test";
    char* arguments[] = {self.data(), name.data(), nullptr};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    pid_t child = -1;
    int failed = posix_spawn(&child, self.c_str(), &files, nullptr, arguments, env.data());
    posix_spawn_file_actions_destroy(&files);
    REQUIRE(failed == 0);
    return child;
}

// Kills the child as soon as `now` holds; false when it ended before.
bool kill_when(pid_t child, const std::function<bool()>& now) {
    int status = 0;
    for (;;) {
        if (now()) break;
        if (waitpid(child, &status, WNOHANG) == child) return false;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

bool stale_temporary(const std::string& output) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(output, ignored))
        if (entry.path().filename().string()[0] == '.') return true;
    return false;
}

// The kernel ends this process (SIGXFSZ) once a file it writes would grow beyond so many bytes.
void die_in_files_beyond(rlim_t bytes) {
    signal(SIGXFSZ, SIG_DFL);
    const rlimit no_core{0, 0}, limit{bytes, bytes};
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_FSIZE, &limit);
}

// 0 when there is no checkpoint yet.
int newest_step(const std::string& output) {
    std::string newest = newest_checkpoint(output);
    return newest.empty() ? 0 : std::stoi(newest.substr(newest.rfind('-') + 1));
}

std::string last(const std::string& output, const char* file) {
    return read_file(checkpoint_name(output, kSteps) + "/" + file);
}

}  // namespace

TEST_CASE("victim of the resume test", "[.child]") {
    const char* output = std::getenv("MOONLET_CHILD_OUTPUT");
    if (!output) return;
    const long wait_after = number_of_child("MOONLET_CHILD_WAIT_AFTER"),
               limit = number_of_child("MOONLET_CHILD_FILE_LIMIT");
    trainer_for(output, dtype_of_child())->run([&](const StepRecord& record) {
        if (record.step == wait_after) std::this_thread::sleep_for(std::chrono::minutes(1));
        if (limit >= 0 && record.step == kStepsBeforeLimit) die_in_files_beyond(rlim_t(limit));
        return true;
    });
}

TEST_CASE("killed at three steps and resumed = never killed, bit for bit", "[resume]") {
    for (bool bf16 : {false, true}) {
        INFO((bf16 ? "bf16" : "f32"));
        const std::string kind = bf16 ? "bf16" : "f32";
        std::string whole = (test::scratch() / ("whole-" + kind)).string();
        auto straight = trainer_for(whole, bf16 ? at::kBFloat16 : at::kFloat);
        REQUIRE(straight->run());
        std::string output = (test::scratch() / ("killed-" + kind)).string();
        std::set<int> killed_after;
        for (int step : {2, 5, 9}) {
            // It may go on for two steps before it is seen and killed, and waits there.
            std::vector<std::string> more = {"MOONLET_CHILD_WAIT_AFTER=" +
                                             std::to_string(step + 2)};
            if (bf16) more.push_back("MOONLET_CHILD_BF16=1");
            REQUIRE(newest_step(output) < step);
            CHECK(kill_when(start_child(output, more),
                            [&] { return newest_step(output) >= step; }));
            killed_after.insert(newest_step(output));
        }
        CHECK(killed_after.size() == 3);
        auto resumed = trainer_for(output, bf16 ? at::kBFloat16 : at::kFloat);
        CHECK(resumed->steps_done() >= 9);
        CHECK(resumed->steps_done() < kSteps);
        CHECK_FALSE(stale_temporary(output));
        CHECK(resumed->run());
        CHECK((last(output, "model.safetensors") == last(whole, "model.safetensors")));
        CHECK((last(output, "optimizer.safetensors") == last(whole, "optimizer.safetensors")));
        REQUIRE(resumed->history().size() == straight->history().size());
        for (size_t i = 0; i < kSteps; ++i) {
            CHECK(resumed->history()[i].loss == straight->history()[i].loss);
            CHECK(resumed->history()[i].grad_norm == straight->history()[i].grad_norm);
        }
    }
}

TEST_CASE("killed in the middle of a save", "[resume]") {
    std::string whole = (test::scratch() / "whole-save").string();
    REQUIRE(trainer_for(whole, at::kFloat)->run());
    // In the weights, and, which take twice as much, in the moments after them.
    const size_t weights = last(whole, "model.safetensors").size();
    REQUIRE(last(whole, "optimizer.safetensors").size() > weights * 3 / 2);
    for (size_t limit : {weights / 2, weights * 3 / 2}) {
        INFO("files of at most " << limit << " bytes");
        std::string output = (test::scratch() / ("killed-save-" + std::to_string(limit))).string();
        int status = 0;
        pid_t child = start_child(output, {"MOONLET_CHILD_FILE_LIMIT=" + std::to_string(limit)});
        REQUIRE(waitpid(child, &status, 0) == child);
        CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ));
        CHECK(stale_temporary(output));
        auto resumed = trainer_for(output, at::kFloat);
        CHECK_FALSE(stale_temporary(output));
        CHECK(resumed->steps_done() == kStepsBeforeLimit);
        CHECK(resumed->run());
        CHECK((last(output, "model.safetensors") == last(whole, "model.safetensors")));
        CHECK((last(output, "optimizer.safetensors") == last(whole, "optimizer.safetensors")));
    }
}
