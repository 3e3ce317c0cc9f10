// SPDX-License-Identifier: Apache-2.0
// Which colours read well: on a dark background, on a light one, or on one that is not known. A
// process has one terminal, so the theme is the process's. What is chosen, best first: `:theme`,
// MOONLET_THEME=light|dark, the terminal's answer to OSC 11, COLORFGBG, else colours that read on
// both. It writes nothing: who owns the terminal sends the question and hands in what came back.
#pragma once

#include <string>
#include <string_view>

#include "shell/render.h"

namespace moonlet {

enum class Background { unknown, dark, light };

// SGR parameters of a style on a background ("1;34"), "" for plain.
const char* sgr_on(Background background, Style style);

Background background();                    // the one in force
void choose_background(Background chosen);  // by the user; unknown = find out
bool is_background_chosen();                // by the user or MOONLET_THEME

// What the environment says: COLORFGBG is "foreground;background" as numbers of the 16 colours.
Background background_of_environment(const char* colorfgbg);

// The answer to OSC 11, "11;rgb:RRRR/GGGG/BBBB" with one to four hex digits a channel; unknown when
// it is none.
Background background_of_reply(std::string_view reply);

// Takes an answer in; true when the theme changes by it.
bool take_background_reply(std::string_view reply);

// Asks for the background, and behind it for the device's attributes: every terminal answers that,
// so it says that no answer is to come any more.
inline constexpr std::string_view kAskBackground = "\x1b]11;?\x1b\\\x1b[c";

// Does the environment name a terminal that knows the question? One that does not would print it.
bool knows_background_question();

}  // namespace moonlet
