// SPDX-License-Identifier: Apache-2.0
// Names with holes: {i} a layer, {e} an expert, a final ".*" .weight or .bias.
#include "models/gguf_model.h"

namespace moonlet {

std::string filled(const std::string& pattern, const std::string& layer, const std::string& expert,
                   const std::string& ending) {
    std::string text;
    for (size_t i = 0; i < pattern.size(); ++i) {
        if (pattern.compare(i, 3, "{i}") == 0) text += layer, i += 2;
        else if (pattern.compare(i, 3, "{e}") == 0) text += expert, i += 2;
        else if (pattern[i] == '*' && i + 1 == pattern.size()) text += ending;
        else text += pattern[i];
    }
    return text;
}

bool matches(const std::string& pattern, const std::string& name, std::string& layer,
             std::string& expert, std::string& ending) {
    size_t at = 0;
    layer.clear(), expert.clear(), ending.clear();
    for (size_t i = 0; i < pattern.size(); ++i) {
        const bool is_layer = pattern.compare(i, 3, "{i}") == 0;
        if (is_layer || pattern.compare(i, 3, "{e}") == 0) {
            std::string& number = is_layer ? layer : expert;
            while (at < name.size() && name[at] >= '0' && name[at] <= '9') number += name[at++];
            if (number.empty() || (number.size() > 1 && number[0] == '0')) return false;
            i += 2;
        } else if (pattern[i] == '*' && i + 1 == pattern.size()) {
            ending = name.substr(at);
            return ending == "weight" || ending == "bias";
        } else {
            if (at >= name.size() || name[at] != pattern[i]) return false;
            ++at;
        }
    }
    return at == name.size();
}

}  // namespace moonlet
