// SPDX-License-Identifier: Apache-2.0
#include "shell/output_tee.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <unistd.h>

#include "shell/progress_screen.h"

namespace moonlet {
namespace {

std::string& kept() {
    static std::string text;
    return text;
}

bool keeping = false;

// What a plot printed must be the same text where there are no colours.
std::string without_colors(std::string text) {
    std::size_t to = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = text.find_first_not_of("0123456789;", at + 2);
        bool is_color =
            text.compare(at, 2, "\x1b[") == 0 && end != std::string::npos && text[end] == 'm';
        if (is_color) at = end + 1;
        else text[to++] = text[at++];
    }
    text.resize(to);
    return text;
}

void keep(const char* data, std::size_t size) {
    if (keeping) kept().append(data, std::min(size, kKeptOutput - kept().size()));
}

// false: it failed; errno stands.
bool write_all(const char* data, std::size_t size) {
    std::size_t done = 0;
    while (done < size) {
        ssize_t n = ::write(STDOUT_FILENO, data + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        done += static_cast<std::size_t>(n);
    }
    return true;
}

#ifdef __GLIBC__
ssize_t write_through(void*, const char* data, std::size_t size) {
    keep(data, size);
    progress_make_room();
    bool written = write_all(data, size);
    progress_come_back({data, size});
    return written ? static_cast<ssize_t>(size) : 0;
}
#endif

}  // namespace

void install_output_tee() {
#ifdef __GLIBC__
    static bool installed = false;
    if (installed) return;
    std::fflush(stdout);
    std::FILE* file = fopencookie(nullptr, "w", {nullptr, write_through, nullptr, nullptr});
    if (!file) return;
    std::setvbuf(file, nullptr, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
    stdout = file;
    installed = true;
#endif
}

void write_shown(std::string_view shown, std::string_view text) {
    std::fflush(stdout);
    keep(text.data(), text.size());
    progress_make_room();
    write_all(shown.data(), shown.size());
    progress_come_back(shown);
}

void begin_output() {
    std::fflush(stdout);
    kept().clear();
    keeping = true;
}

std::string take_output() {
    std::fflush(stdout);
    keeping = false;
    return without_colors(std::move(kept()));
}

}  // namespace moonlet
