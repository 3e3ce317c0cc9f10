// SPDX-License-Identifier: Apache-2.0
// Long text a screenful at a time: $PAGER, else `less -FRX` where it is installed, else a pager of
// our own. What fits the screen, or does not go to a terminal, is written as it is. Text comes in
// pieces, so that what nobody pages to is never made.
#pragma once

#include <functional>
#include <string>

namespace moonlet {

// Gives the next piece; false when there is none.
using Pieces = std::function<bool(std::string* piece)>;

// columns and rows of the screen. Returns when all is shown or the user has had enough.
void show_paged(const Pieces& pieces, int columns, int rows);

}  // namespace moonlet
