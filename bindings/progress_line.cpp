// SPDX-License-Identifier: Apache-2.0
#include "bindings/progress_line.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/progress.h"

namespace moonlet::bindings {

namespace {

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

void show_progress() {
    const char* term = std::getenv("TERM");
    if (isatty(2) && term && std::string(term) != "dumb") set_progress_listener(draw);
}

}  // namespace moonlet::bindings
