// SPDX-License-Identifier: Apache-2.0
// A condition on a row's columns, as data:
//   {lang = "ko"}                      equal; a column that holds a list: one of its entries is
//   {lang = {"ko", "en"}}              one of these
//   {year = {ge = 2000, lt = 2010}}    eq ne lt le gt ge; numbers with numbers, texts with texts
//   {title = {contains = "LoRA"}}      a text in a text, an entry in a list
//   {url = {exists = false}}           whether the column is there and not null
//   {any = {{…}, {…}}}                 also all, none; several columns beside each other: all
// A dot in a name goes into a nested object where no column has the whole name. A row without the
// column fits only ne and exists = false. Knows nothing of where rows come from.
#pragma once

#include <functional>

#include "core/json.h"

namespace moonlet {

// Error: an unknown operator, with the nearest; a value that does not fit it.
std::function<bool(const Json& row)> compile_filter(const Json& filter);

}  // namespace moonlet
