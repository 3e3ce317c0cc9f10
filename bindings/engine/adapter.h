// SPDX-License-Identifier: Apache-2.0
// What models.load needs to open a folder that holds an adapter alone.
#pragma once

#include <memory>
#include <string>

#include "generation/language_model.h"

namespace moonlet::bindings {

// The base that the adapter names, or `base` when given, with the adapter on. Error as
// adapter_base, load_language_model and Adapters::load.
std::shared_ptr<LanguageModel> load_adapted(const std::string& folder, const std::string& base,
                                            const LoadOptions& options);

// The model with the adapters that are on folded in, over a network of its own: the one given stays
// as it is. Without adapters it is the model itself.
LanguageModel merged(const LanguageModel& model);

}  // namespace moonlet::bindings
