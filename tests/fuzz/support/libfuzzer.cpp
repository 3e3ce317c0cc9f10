// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry into the one target that is linked in.
#include <cstdint>

#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::run(fuzz::targets().front(), std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
