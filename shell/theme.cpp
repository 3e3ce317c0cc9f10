// SPDX-License-Identifier: Apache-2.0
#include "shell/theme.h"

#include <array>
#include <cstdlib>
#include <cstring>

namespace moonlet {
namespace {

struct State {
    Background chosen = Background::unknown, found = Background::unknown;
};

State& state() {
    static State now = [] {
        State first;
        const char* wish = std::getenv("MOONLET_THEME");
        if (wish && std::strcmp(wish, "light") == 0) first.chosen = Background::light;
        if (wish && std::strcmp(wish, "dark") == 0) first.chosen = Background::dark;
        first.found = background_of_environment(std::getenv("COLORFGBG"));
        return first;
    }();
    return now;
}

}  // namespace

// Blue and dark red cannot be read on black, bright colours and dim ones not on white.
const char* sgr_on(Background background, Style style) {
    bool dark = background == Background::dark, known = background != Background::unknown;
    switch (style) {
        case Style::plain: return "";
        case Style::keyword: return dark ? "94" : "34";
        case Style::string: return dark ? "92" : "32";
        case Style::number: return dark ? "96" : known ? "35" : "36";
        case Style::comment: return known ? "90" : "2";
        case Style::error: return dark ? "91" : "31";
        case Style::match: return "1;4";
        case Style::prompt: return "1";
        case Style::dim:
        case Style::undefined: return known ? "90" : "2";
        case Style::heading: return "1";
        case Style::selected: return "7";
    }
    return "";
}

Background background() {
    return state().chosen != Background::unknown ? state().chosen : state().found;
}

void choose_background(Background chosen) { state().chosen = chosen; }

bool is_background_chosen() { return state().chosen != Background::unknown; }

Background background_of_environment(const char* colorfgbg) {
    const char* last = colorfgbg ? std::strrchr(colorfgbg, ';') : nullptr;
    if (!last || !last[1]) return Background::unknown;
    char* end = nullptr;
    long number = std::strtol(last + 1, &end, 10);
    if (*end || number < 0 || number > 15) return Background::unknown;
    return number == 7 || number > 8 ? Background::light : Background::dark;
}

Background background_of_reply(std::string_view reply) {
    constexpr std::string_view kStart = "11;rgb:";
    if (reply.substr(0, kStart.size()) != kStart) return Background::unknown;
    std::string rest(reply.substr(kStart.size()));
    constexpr std::array kWeights = {0.299, 0.587, 0.114};  // how bright the eye sees each
    double light = 0;
    const char* at = rest.c_str();
    for (double weight : kWeights) {
        char* end = nullptr;
        unsigned long value = std::strtoul(at, &end, 16);
        auto digits = end - at;
        if (digits < 1 || digits > 4) return Background::unknown;
        light += weight * static_cast<double>(value) / static_cast<double>((1 << 4 * digits) - 1);
        at = *end == '/' ? end + 1 : end;
    }
    return light > 0.5 ? Background::light : Background::dark;
}

bool take_background_reply(std::string_view reply) {
    Background found = background_of_reply(reply), before = background();
    if (found != Background::unknown) state().found = found;
    return background() != before;
}

bool knows_background_question() {
    for (const char* name :
         {"TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "ALACRITTY_WINDOW_ID", "KONSOLE_VERSION",
          "WEZTERM_PANE", "WT_SESSION", "TERM_PROGRAM", "XTERM_VERSION", "COLORTERM"}) {
        const char* value = std::getenv(name);
        if (value && *value) return true;
    }
    const char* term = std::getenv("TERM");
    for (const char* start :
         {"tmux", "xterm-kitty", "alacritty", "foot", "wezterm", "xterm-ghostty"}) {
        if (term && std::strncmp(term, start, std::strlen(start)) == 0) return true;
    }
    return false;
}

}  // namespace moonlet
