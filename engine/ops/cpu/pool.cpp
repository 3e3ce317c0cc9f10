// SPDX-License-Identifier: Apache-2.0
// A worker waits for the number of the piece of work to change: spinning first, then asleep on that
// number (std::atomic::wait is a futex). It enters by counting itself in, and finds either open
// work or that it came too late; the caller closes the work and waits in the same way until nobody
// is inside. On a busy machine a worker may wake after the work is done: parts that need no barrier
// are then simply done by the others.
#include "ops/cpu/pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "ops/cpu/probe.h"

namespace moonlet::cpu {

namespace {

struct Abandoned {};  // thrown out of a barrier that will never fill

void pause() {
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

// True as soon as ready() is; false: it was not for about 50 microseconds.
template <class Ready>
bool spin(Ready ready) {
    using Clock = std::chrono::steady_clock;
    Clock::time_point until{};
    for (int round = 0;; ++round) {
        for (int i = 0; i < 32; ++i) {
            if (ready()) return true;
            pause();
        }
        const auto now = Clock::now();
        if (round == 0) until = now + std::chrono::microseconds(50);
        else if (now >= until) return false;
    }
}

// Until `value` is no longer `old`.
template <class T>
void await_change(std::atomic<T>& value, T old) {
    if (spin([&] { return value.load(std::memory_order_acquire) != old; })) return;
    value.wait(old, std::memory_order_acquire);
}

template <class Reached>
void await_until(std::atomic<int>& value, Reached reached) {
    for (int now; !reached(now = value.load(std::memory_order_acquire));) await_change(value, now);
}

}  // namespace

// One piece of work, and the barrier of those at it.
struct alignas(64) Team::Shared {
    pool::Call call = nullptr;
    void* context = nullptr;
    int size = 0;
    alignas(64) std::atomic<int> arrived{0};
    alignas(64) std::atomic<uint32_t> phase{0};
    std::atomic<bool> failed{false};
    static constexpr int kClosed = 1 << 20;
    alignas(64) std::atomic<int> inside{kClosed};  // workers, and whether more may enter
    std::atomic<int> finished{0};
    uint32_t turn = 0;
    std::atomic<bool> has_error{false};
    std::exception_ptr error;

    // Lets nobody wait any longer.
    void fail() {
        failed.store(true, std::memory_order_release);
        phase.fetch_add(1, std::memory_order_acq_rel);
        phase.notify_all();
    }
    void keep(std::exception_ptr what) {
        if (!has_error.exchange(true)) error = std::move(what);
        fail();
    }
};

void Team::barrier() {
    if (size == 1) return;
    const uint32_t phase = shared->phase.load(std::memory_order_acquire);
    if (shared->failed.load(std::memory_order_acquire)) throw Abandoned{};
    if (shared->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == size) {
        shared->arrived.store(0, std::memory_order_relaxed);
        shared->phase.fetch_add(1, std::memory_order_acq_rel);
        shared->phase.notify_all();
    } else {
        await_change(shared->phase, phase);
    }
    if (shared->failed.load(std::memory_order_acquire)) throw Abandoned{};
}

Team::Range Team::part(int64_t count, int64_t step) const {
    const int64_t steps = (count + step - 1) / step, each = steps / size, more = steps % size;
    const int64_t first = each * index + std::min<int64_t>(index, more);
    const int64_t last = first + each + (index < more);
    return {std::min(first * step, count), std::min(last * step, count)};
}

namespace {

class Workers {
  public:
    explicit Workers(int count) {
        for (int i = 0; i < count; ++i) threads_.emplace_back([this, i] { work(i + 1); });
    }
    ~Workers() {
        stop_ = true;
        turn_.fetch_add(1, std::memory_order_release);
        turn_.notify_all();
        for (std::thread& thread : threads_) thread.join();
    }
    int count() const { return int(threads_.size()); }

    void run(pool::Call call, void* context, int size, bool all) {
        shared_.call = call;
        shared_.context = context;
        shared_.size = size;
        shared_.arrived.store(0, std::memory_order_relaxed);
        shared_.finished.store(0, std::memory_order_relaxed);
        shared_.failed.store(false, std::memory_order_relaxed);
        shared_.has_error.store(false, std::memory_order_relaxed);
        shared_.error = nullptr;
        shared_.turn = turn_.load(std::memory_order_relaxed) + 1;
        shared_.inside.fetch_and(~Team::Shared::kClosed, std::memory_order_release);
        turn_.store(shared_.turn, std::memory_order_release);
        turn_.notify_all();
        {
            // However the caller's part ends, nobody may still be at work on its stack.
            struct Gather {
                Team::Shared& shared;
                int wanted;
                bool whole = false;
                ~Gather() {
                    if (!whole) shared.fail();
                    else await_until(shared.finished, [&](int n) { return n >= wanted; });
                    shared.inside.fetch_or(Team::Shared::kClosed, std::memory_order_acq_rel);
                    await_until(shared.inside, [](int n) { return n == Team::Shared::kClosed; });
                }
            } gather{shared_, all ? size - 1 : 0};
            Team team;
            team.size = size;
            team.shared = &shared_;
            try {
                call(context, team);
                gather.whole = true;
            } catch (const Abandoned&) {  // the reason is another thread's
            }
        }
        if (shared_.has_error.load(std::memory_order_acquire)) {
            std::exception_ptr error = std::move(shared_.error);
            shared_.error = nullptr;
            std::rethrow_exception(error);
        }
    }

  private:
    void work(int index) {
        uint32_t seen = 0;
        while (true) {
            await_change(turn_, seen);
            seen = turn_.load(std::memory_order_acquire);
            if (stop_) return;
            if (!(shared_.inside.fetch_add(1, std::memory_order_acq_rel) & Team::Shared::kClosed)) {
                seen = shared_.turn;  // it may be newer than what woke us
                if (index < shared_.size) take_part(index);
            }
            shared_.inside.fetch_sub(1, std::memory_order_acq_rel);
            shared_.inside.notify_all();
        }
    }

    void take_part(int index) {
        Team team;
        team.index = index;
        team.size = shared_.size;
        team.shared = &shared_;
        try {
            shared_.call(shared_.context, team);
        } catch (const Abandoned&) {
        } catch (const Interrupted&) {
            shared_.keep(std::current_exception());
        } catch (const std::exception&) {
            shared_.keep(std::current_exception());
        }
        shared_.finished.fetch_add(1, std::memory_order_acq_rel);
        shared_.finished.notify_all();
    }

    Team::Shared shared_;
    alignas(64) std::atomic<uint32_t> turn_{0};
    std::atomic<bool> stop_{false};
    std::vector<std::thread> threads_;
};

std::atomic<int> wanted{0};      // set_threads
std::atomic<bool> taken{false};  // somebody has the workers
std::unique_ptr<Workers> workers;

// A child of fork() has none of the parent's threads: what stands here is forgotten, not joined.
void forget() {
    workers.release();
    taken = false;
}

int from_environment() {
    const char* text = std::getenv("MOONLET_THREADS");
    if (!text || !*text) return 0;
    char* end = nullptr;
    const long count = std::strtol(text, &end, 10);
    if (*end || count < 1 || count > 4096)
        throw Error("MOONLET_THREADS is \"" + std::string(text) + "\"", "a count of threads");
    return std::min(int(count), processors());
}

}  // namespace

// What a container may use of the processors it sees; 0: no limit is told.
static int quota() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string most;
    double period = 0;
    if (!(file >> most >> period) || most == "max" || period <= 0) return 0;
    return std::max(1, int(std::ceil(std::strtod(most.c_str(), nullptr) / period)));
}

int processors() {
    static const int count = [] {
        cpu_set_t set;
        CPU_ZERO(&set);
        int seen = std::max(1, int(std::thread::hardware_concurrency()));
        if (sched_getaffinity(0, sizeof set, &set) == 0) seen = std::max(1, CPU_COUNT(&set));
        const int limit = quota();
        return limit ? std::min(seen, limit) : seen;
    }();
    return count;
}

int threads() {
    if (const int set = wanted.load(std::memory_order_relaxed)) return set;
    int count = from_environment();
    if (!count) count = probed_threads();
    wanted.store(count, std::memory_order_relaxed);
    return count;
}

void set_threads(int count) {
    wanted.store(std::clamp(count, 0, processors()), std::memory_order_relaxed);
}

void pool::run(Call call, void* context, int at_most, bool all) {
    const int size = std::min(at_most, threads());
    bool free = false;
    if (size > 1 && taken.compare_exchange_strong(free, true, std::memory_order_acquire)) {
        struct Release {
            ~Release() { taken.store(false, std::memory_order_release); }
        } release;
        static const int at_fork = pthread_atfork(nullptr, nullptr, forget);
        (void)at_fork;
        if (!workers || workers->count() < size - 1) {
            workers.reset();
            workers = std::make_unique<Workers>(size - 1);
        }
        workers->run(call, context, size, all);
        return;
    }
    Team alone;
    call(context, alone);
}

}  // namespace moonlet::cpu
