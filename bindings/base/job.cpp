// SPDX-License-Identifier: Apache-2.0
// The Lua face of jobs: HTTP transfers, answers of remote models and child processes are all
// driven by the same few methods. Many jobs side by side: stdlib/tasks.lua.
#include "bindings/callback.h"
#include "bindings/classes.h"
#include "bindings/convert.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet::bindings {

namespace {

int done(lua_State* L) {
    auto job = check<Job>(L, 1);
    if (!job->done()) job->advance();
    lua_pushboolean(L, job->done());
    return 1;
}

int take(lua_State* L) {
    auto job = check<Job>(L, 1);
    if (!job->done()) job->advance();
    push_string(L, job->take());
    return 1;
}

// Hands pieces to the function at index 2 until the job is done; false from it ends the job.
void wait(lua_State* L, Job& job) {
    LuaFunction on_piece(L, lua_isnoneornil(L, 2) ? 0 : 2);
    for (bool end = false; !end;) {
        end = job.done();
        if (!end) wait_jobs({&job});
        std::string piece = job.take();  // taken even if nobody listens: ready again at once else
        if (piece.empty() || !on_piece) continue;
        on_piece.call(1, [&] { return push_string(L, piece), 1; });
        bool stop = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        lua_pop(L, 1);
        if (stop) return job.cancel();
    }
}

int result(lua_State* L) {
    auto job = check<Job>(L, 1);
    try {
        if (!job->done()) interrupt::check_entry();
        wait(L, *job);
    } catch (const Interrupted&) {
        bool first = interrupt::requested();
        job->cancel();
        if (!first || !job->has_partial()) throw;
        interrupt::deliver();
    }
    push_json(L, job->result());
    return 1;
}

int cancel(lua_State* L) {
    check<Job>(L, 1)->cancel();
    return 0;
}

int release(lua_State* L) {
    release_proxy(L, 1);
    return 0;
}

int describe(lua_State* L) {
    Proxy* proxy = test_proxy(L, 1, "Job");
    if (proxy && !proxy->owner) return push_string(L, "job (released)"), 1;
    return push_string(L, check<Job>(L, 1)->done() ? "job, done" : "job, under way"), 1;
}

const bool registered = add_rows({
    {"Job:done", done, "-> boolean", "Whether it has ended; never waits.", ""},
    {"Job:take", take, "-> string",
     "The output that has come since the last call, where a job gives it piece by piece.", ""},
    {"Job:result", result, "on_piece?: function -> any",
     "Waits for the end and gives what came of it; on_piece gets the output as it comes and may "
     "return false to end the job. Ctrl-C ends the job.",
     ""},
    {"Job:cancel", cancel, "", "Ends it; what has come so far stays.", ""},
    {"Job:release", release, "", "Gives it up, under way or not.", ""},
    {"Job:__tostring", describe, "-> string", "Whether it is under way.", ""},
});

}  // namespace

}  // namespace moonlet::bindings
