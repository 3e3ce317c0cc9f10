// SPDX-License-Identifier: Apache-2.0
// Errors about a row say which one it is.
#pragma once

#include "core/error.h"
#include "datasets/dataset.h"

namespace moonlet {

// call(), whose Error gets the place of row i of `data` put before it.
template <class Call>
auto at_row(Dataset& data, size_t i, Call call) {
    try {
        return call();
    } catch (const Error& e) {
        throw Error(data.where(i) + ": " + e.what());
    }
}

}  // namespace moonlet
