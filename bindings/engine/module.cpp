// SPDX-License-Identifier: Apache-2.0
// Opens moonlet_engine. LibTorch's errors carry a C++ backtrace; users get the message alone unless
// MOONLET_DEBUG is set. Progress of long work is drawn on stderr when that is a terminal.
#include <ATen/ATen.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bindings/object.h"
#include "bindings/row.h"
#include "core/error.h"
#include "core/progress.h"

namespace moonlet::bindings {

void add_objective_rows();  // trainer.cpp

namespace {

std::string describe_torch(const std::exception& e) {
    auto* torch_error = dynamic_cast<const c10::Error*>(&e);
    if (!torch_error || std::getenv("MOONLET_DEBUG")) return e.what();
    return torch_error->what_without_backtrace();
}

// One line, overwritten, gone when the work is done.
void draw(const Progress& p) {
    char line[256];
    if (p.total > 0)
        std::snprintf(line, sizeof line, "%s %.0f/%.0f %s (%.0f %%)  %s", p.what.c_str(), p.done,
                      p.total, p.unit.c_str(), 100.0 * p.done / p.total, p.detail.c_str());
    else
        std::snprintf(line, sizeof line, "%s %.0f %s  %s", p.what.c_str(), p.done, p.unit.c_str(),
                      p.detail.c_str());
    std::fprintf(stderr, "\r\x1b[K%s", p.total > 0 && p.done >= p.total ? "" : line);
    std::fflush(stderr);
}

}  // namespace

}  // namespace moonlet::bindings

extern "C" __attribute__((visibility("default"))) int luaopen_moonlet_engine(lua_State* L) {
    using namespace moonlet;
    bindings::describe_exception = bindings::describe_torch;
    const char* term = std::getenv("TERM");
    if (isatty(2) && term && std::string(term) != "dumb") set_progress_listener(bindings::draw);
    bindings::add_objective_rows();
    bindings::push_module(L);
    return 1;
}
