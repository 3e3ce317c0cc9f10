// SPDX-License-Identifier: Apache-2.0
// The interrupt: signal handler, count hook, outermost protected call (see lua_state.h).
#include "bindings/lua_state.h"

#include <csignal>
#include <ctime>

#include <pthread.h>
#include <unistd.h>

#include "bindings/lua_pattern_escape.h"

namespace moonlet {
namespace {

constexpr int kLooks = 40;
constexpr long kNextLook = 2'000'000;  // nanoseconds

// Not SIGINT itself: whoever takes that one over must not get signals that nobody sent.
int look_signal() { return SIGRTMIN + 4; }

std::atomic<int> flag{kInterruptNone};
static_assert(std::atomic<int>::is_always_lock_free);

// One process has one SIGINT, so this is one per process. Written by the main thread only: by its
// code or by the handler that runs on it.
struct {
    lua_State* L = nullptr;
    pthread_t main_thread{};
    int kill_after = 0;
    volatile sig_atomic_t presses = 0;
    volatile sig_atomic_t armed = 0;
    int inside = 0;  // depth of call_protected: only there an exception has somewhere to go
    bool grace_used = false;
    timer_t again{};
    bool has_timer = false;
    int looks = 0;  // how often the handler may look again whether a pattern is being matched
    std::string location;
    lua_Hook user_hook = nullptr;
    int user_mask = 0, user_count = 0;
} state;

void on_hook(lua_State* L, lua_Debug* record) {
    int now = flag.load();
    if (now == kInterruptNone) {
        lua_sethook(L, state.user_hook, state.user_mask, state.user_count);
        state.armed = 0;
        return;
    }
    if (state.inside == 0) return;
    if (now == kInterruptDelivered && !state.grace_used) {
        state.grace_used = true;
        lua_sethook(L, on_hook, LUA_MASKCOUNT, kInterruptGrace);
        return;
    }
    lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
    if (state.location.empty() && lua_getinfo(L, "Sl", record)) {
        state.location = record->short_src;
        if (record->currentline > 0) state.location += ":" + std::to_string(record->currentline);
    }
    throw LuaInterrupt{};
}

// A press may come while the matcher is in a function of its own that tells nothing: look again in
// a moment.
void look_again() {
    if (!state.has_timer || state.looks <= 0) return;
    --state.looks;
    itimerspec moment{{0, 0}, {0, kNextLook}};
    timer_settime(state.again, 0, &moment, nullptr);
}

// lua_sethook is what LuaJIT's own front end calls from its handler: it only writes a few fields of
// the global state, so the coroutine that happens to run does not matter.
void on_signal(int number, siginfo_t*, void* context) {
    bool press = number == SIGINT;
    if (!pthread_equal(pthread_self(), state.main_thread)) {
        if (press) pthread_kill(state.main_thread, number);
        else look_again();
        return;
    }
    if (press) {
        state.presses = state.presses + 1;
        if (state.kill_after > 0 && state.presses >= state.kill_after) _exit(130);
        flag.store(kInterruptRequested);
        if (!state.armed) {
            state.user_hook = lua_gethook(state.L);
            state.user_mask = lua_gethookmask(state.L);
            state.user_count = lua_gethookcount(state.L);
            state.armed = 1;
        }
        lua_sethook(state.L, on_hook, LUA_MASKCOUNT, 1);
        state.looks = kLooks;
    }
    if (state.inside == 0 || flag.load() != kInterruptRequested) return;
    if (is_in_pattern_matcher(context)) {
        sigset_t unblock;  // the handler does not return, which would do it
        sigemptyset(&unblock);
        sigaddset(&unblock, SIGINT);
        sigaddset(&unblock, look_signal());
        pthread_sigmask(SIG_UNBLOCK, &unblock, nullptr);
        throw LuaInterrupt{};
    }
    look_again();
}

void make_timer() {
    if (state.has_timer) return;
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = look_signal();
    state.has_timer = timer_create(CLOCK_MONOTONIC, &event, &state.again) == 0;
}

}  // namespace

std::atomic<int>& interrupt_flag() { return flag; }

void install_interrupt(lua_State* L, int kill_after) {
    state.L = L;
    state.main_thread = pthread_self();
    state.kill_after = kill_after;
    struct sigaction action {};
    make_timer();
    action.sa_sigaction = on_signal;
    action.sa_flags =
        SA_SIGINFO;  // no SA_RESTART: a read or sleep in progress ends, then the hook fires
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, look_signal());
    sigaction(SIGINT, &action, nullptr);
    action.sa_flags |= SA_RESTART;  // a look must not cut what is being written
    sigaction(look_signal(), &action, nullptr);
}

void reset_interrupt() {
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, look_signal());
    pthread_sigmask(SIG_BLOCK, &block, &before);
    if (state.armed) lua_sethook(state.L, state.user_hook, state.user_mask, state.user_count);
    state.armed = 0;
    state.presses = 0;
    state.looks = 0;
    if (state.has_timer) {
        const itimerspec never{};
        timer_settime(state.again, 0, &never, nullptr);
    }
    state.grace_used = false;
    state.location.clear();
    flag.store(kInterruptNone);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::string interrupt_location() { return state.location; }

CallStatus call_protected(lua_State* L, int arguments, int results, lua_CFunction handler) {
    int base = lua_gettop(L) - arguments;
    if (handler) {
        lua_pushcfunction(L, handler);
        lua_insert(L, base);
    }
    ++state.inside;
    int status = lua_pcall(L, arguments, results, handler ? base : 0);
    --state.inside;
    if (handler) lua_remove(L, base);
    if (status == 0) return CallStatus::ok;
    // With the flag at 2 and nothing thrown by the hook, the error is one of its own.
    bool ended = !state.location.empty() || flag.load() == kInterruptRequested;
    return ended ? CallStatus::interrupted : CallStatus::failed;
}

}  // namespace moonlet
