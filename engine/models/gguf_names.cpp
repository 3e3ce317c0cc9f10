// SPDX-License-Identifier: Apache-2.0
#include "models/gguf_names.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "models/gguf_families.h"

namespace moonlet {

namespace {

std::string list_of(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace

const std::vector<GgufFamily>& gguf_families() {
    static const std::vector<GgufFamily> families = [] {
        std::vector<GgufFamily> all;
        for (auto group : {gguf_experts, gguf_llamas, gguf_gemmas, gguf_decoders, gguf_encoders})
            for (GgufFamily& family : group()) all.push_back(std::move(family));
        return all;
    }();
    return families;
}

const GgufFamily& gguf_family_of(const Gguf& file) {
    const std::string architecture(file.get("general.architecture").string());
    const GgufValue* ours = file.find("moonlet.model_type");
    const std::string model_type(ours ? ours->string() : "");
    std::set<std::string> known;
    for (const GgufFamily& family : gguf_families())
        if (family.architecture == architecture && family.model_type == model_type) return family;
    for (const GgufFamily& family : gguf_families()) {
        known.insert(family.architecture);
        if (family.architecture == architecture && (!family.when || family.when(file)))
            return family;
    }
    throw Error(file.where() + " has the architecture " + quote(architecture),
                "one of " + list_of(known));
}

const GgufFamily& gguf_family_of(const std::string& model_type) {
    std::set<std::string> known;
    for (const GgufFamily& family : gguf_families()) {
        if (family.model_type == model_type) return family;
        known.insert(family.model_type);
    }
    throw Error("a " + quote(model_type) + " model cannot be written as GGUF",
                "one of " + list_of(known), "save it as a Hugging Face folder");
}

}  // namespace moonlet
