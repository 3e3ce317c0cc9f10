// SPDX-License-Identifier: Apache-2.0
// generation_config.json: the ids that end a text and the defaults of decoding.
#include <cmath>

#include "core/error.h"
#include "generation/language_model.h"

namespace moonlet {

namespace {

int id_of(const Json& value, const char* key) {
    if (!value.is_number_integer())
        throw Error(std::string(key) + " is " + quote(value.dump()), "a token id",
                    "correct generation_config.json or config.json");
    return value.get<int>();
}

// The value of `key`, in the first of the files that has it.
const Json* find(const Json& first, const Json& second, const char* key) {
    for (const Json* file : {&first, &second}) {
        if (!file->is_object()) continue;
        auto it = file->find(key);
        if (it != file->end() && !it->is_null()) return &*it;
    }
    return nullptr;
}

}  // namespace

GenerationConfig GenerationConfig::from_json(const Json& file, const Json& config) {
    GenerationConfig result;
    result.json = file;
    if (const Json* eos = find(file, config, "eos_token_id")) {
        if (eos->is_array())
            for (auto& id : *eos) result.eos_token_ids.push_back(id_of(id, "eos_token_id"));
        else result.eos_token_ids.push_back(id_of(*eos, "eos_token_id"));
    }
    if (auto* id = find(file, config, "bos_token_id"))
        result.bos_token_id = id_of(*id, "bos_token_id");
    if (auto* id = find(file, config, "pad_token_id"))
        result.pad_token_id = id_of(*id, "pad_token_id");
    // The rest was once written into config.json too, but by then nobody used it.
    auto number = [&](const char* key, auto& out) {
        const Json* value = find(file, {}, key);
        if (!value) return;
        if (!value->is_number())
            throw Error(std::string(key) + " is " + quote(value->dump()), "a number",
                        "correct generation_config.json");
        out = value->get<std::remove_reference_t<decltype(out)>>();
    };
    number("temperature", result.temperature);
    number("top_k", result.top_k);
    number("top_p", result.top_p);
    number("min_p", result.min_p);
    number("repetition_penalty", result.repetition_penalty);
    number("max_new_tokens", result.max_new_tokens);
    if (const Json* sample = find(file, {}, "do_sample")) {
        if (!sample->is_boolean())
            throw Error("do_sample is " + quote(sample->dump()), "true or false",
                        "correct generation_config.json");
        result.do_sample = sample->get<bool>();
    }
    return result;
}

}  // namespace moonlet
