// SPDX-License-Identifier: Apache-2.0
// peft's adapters opened by us (scripts/golden/lora.py): its logits, unmerged, merged, and after
// being written and opened again; prints the table.
#include <catch2/catch.hpp>
#include <cstdio>

#include "support.h"

using namespace moonlet;
using namespace moonlet::test;

namespace {

struct Golden {
    std::string folder, base;
    std::map<std::string, at::Tensor> tensors;

    explicit Golden(const std::string& name) : folder(golden("adapters/" + name).string()) {
        Safetensors file = Safetensors::open(folder + "/golden.safetensors");
        base = file.metadata().at("base");
        for (const auto& [key, view] : file.tensors()) tensors[key] = tensor_of(view);
    }
    const at::Tensor& wanted() const {
        return tensors.count("logits") ? tensors.at("logits") : tensors.at("hidden");
    }
};

// Adapters of the folder itself, or of the folders below it.
std::vector<std::string> load_all(Adapters& adapters, const std::string& folder) {
    std::vector<std::string> names;
    if (is_adapter_folder(folder)) {
        adapters.load("one", folder);
        return {"one"};
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_directory()) {
            names.push_back(entry.path().filename().string());
            adapters.load(names.back(), entry.path().string());
        }
    return names;
}

void use(Adapters& adapters, const std::vector<std::string>& names) {
    std::vector<std::pair<std::string, double>> weights;
    for (const std::string& name : names) weights.emplace_back(name, 1.0);
    adapters.use(weights);
}

}  // namespace

TEST_CASE("peft's adapters give peft's numbers") {
    std::printf("%-16s %-9s %9s %9s %9s\n", "case", "dtype", "adapter", "merged", "moved by");
    int cases = 0;
    for (const std::string& name : folders_in("adapters")) {
        if (!std::filesystem::exists(golden("adapters/" + name + "/golden.safetensors"))) continue;
        ++cases;
        INFO(name);
        Golden g(name);
        auto model = model_named(g.base);
        const at::Tensor &ids = g.tensors.at("ids"), &wanted = g.wanted();
        const at::Tensor plain = answer(*model, ids);
        Adapters& adapters = Adapters::of(*model);
        std::vector<std::string> names = load_all(adapters, g.folder);
        REQUIRE_FALSE(names.empty());
        CHECK(same_bits(answer(*model, ids), plain));  // loaded is not yet on
        use(adapters, names);
        const double apart = difference(answer(*model, ids), wanted);
        const double moved = difference(plain, wanted);

        const std::string copy = (scratch() / name).string();
        for (const std::string& n : names) adapters.save(n, copy + "/" + n);
        auto again = model_named(g.base);
        for (const std::string& n : names) Adapters::of(*again).load(n, copy + "/" + n);
        use(Adapters::of(*again), names);
        CHECK(same_bits(answer(*again, ids), answer(*model, ids)));

        adapters.merge({});
        const double merged = difference(answer(*model, ids), wanted);
        const bool half = model->parameters().dtype() != at::kFloat;
        std::printf("%-16s %-9s %9.1e %9.1e %9.1e\n", name.c_str(),
                    c10::toString(model->parameters().dtype()), apart, merged, moved);
        const double limit = half ? 0.03 * wanted.abs().max().item<double>() : 1e-4;
        CHECK(apart <= limit);
        CHECK(merged <= limit);
        CHECK(moved > 3 * limit);
        adapters.unmerge();
        CHECK(same_bits(answer(*model, ids), plain));
    }
    CHECK(cases == 16);
}
