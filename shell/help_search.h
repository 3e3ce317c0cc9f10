// SPDX-License-Identifier: Apache-2.0
// Search in all help there is: the registry's rows, their options, the :commands, and the topics of
// the manual where its files are in reach. Ranked by where a word stands and how well it fits; a
// misspelt word, another ending or another spelling (quantise, quantize) fits less, but it fits.
#pragma once

#include <string>
#include <vector>

#include "shell/rows.h"

namespace moonlet {

// The best hits, one or two lines each; says so when there is none. Ends with a line break.
std::string search_help(Rows& rows, const std::string& words);

// How well a word of a text answers a word that was asked for: 1 the same, 0 not at all.
double word_fit(std::string_view asked, std::string_view word);

}  // namespace moonlet
