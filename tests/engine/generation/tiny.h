// SPDX-License-Identifier: Apache-2.0
// The tiny random llama of tests/golden/generation and what transformers said of it.
#pragma once

#include <string>
#include <vector>

#include "core/files.h"
#include "generation/generator.h"
#include "generation/language_model.h"
#include "tests/support/test.h"

namespace moonlet::test {

inline std::shared_ptr<LanguageModel> tiny(at::ScalarType dtype = at::kFloat) {
    LoadOptions options;
    options.dtype = dtype;
    options.device = "cpu";
    return load_language_model(golden("generation/llama").string(), options);
}

inline const Json& peer() {
    static const Json json = read_json(golden("generation/generate.json").string());
    return json;
}

inline std::vector<int> ids_of(const Json& array) { return array.get<std::vector<int>>(); }

// A prompt of `count` ids that no other `salt` shares a beginning with.
inline std::vector<int> some_ids(int count, int salt = 0) {
    std::vector<int> ids;
    for (int i = 0; i < count; ++i) ids.push_back(6 + (i * 37 + i * i * 11 + salt * 101) % 314);
    return ids;
}

}  // namespace moonlet::test
