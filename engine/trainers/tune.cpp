// SPDX-License-Identifier: Apache-2.0
#include "trainers/tune.h"

namespace moonlet {

std::vector<NamedTensor> tuned_parameters(LanguageModel& model, const TrainerOptions&) {
    std::vector<NamedTensor> result;
    for (const Parameters::Entry& entry : model.network->parameters().entries())
        if (at::isFloatingType(entry.tensor.scalar_type()))
            result.push_back({entry.name, entry.tensor});
    return result;
}

}  // namespace moonlet
