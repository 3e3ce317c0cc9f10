// SPDX-License-Identifier: Apache-2.0
#include "models/rope_config.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace moonlet {

namespace {

using Options = ops::RopeOptions;

constexpr std::pair<const char*, Options::Scaling> kTypes[] = {
    {"default", Options::none},      {"linear", Options::linear}, {"dynamic", Options::dynamic},
    {"yarn", Options::yarn},         {"llama3", Options::llama3}, {"su", Options::longrope},
    {"longrope", Options::longrope},
};

Options::Scaling scaling_of(const std::string& type, const Config& config) {
    for (auto [name, scaling] : kTypes)
        if (type == name) return scaling;
    throw Error("rotary scaling of type " + quote(type) + " in " + config.where(),
                "\"default\", \"linear\", \"dynamic\", \"yarn\", \"longrope\" or \"llama3\"");
}

// YaRN's temperature; DeepSeek's files give two of them.
double yarn_attention(const Config& p, double factor) {
    auto magnitude = [&](double scale) {
        return factor <= 1 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
    };
    double all = p.number("mscale_all_dim", 0), one = p.number("mscale", 0);
    return all != 0 && one != 0 ? magnitude(one) / magnitude(all) : magnitude(1);
}

}  // namespace

ops::RopeOptions rope_options(const Config& c, const Config& p, int64_t head_dim,
                              int64_t max_positions, const RopeDefaults& defaults) {
    Options o;
    o.theta = p.number("rope_theta", c.number("rope_theta", defaults.theta));
    const double partial =
        p.number("partial_rotary_factor", c.number("partial_rotary_factor", defaults.partial));
    if (partial != 1 && !defaults.may_be_partial)
        throw Error("partial_rotary_factor in " + c.where(), "1: whole heads turn");
    if (!(partial > 0 && partial <= 1))
        throw Error("partial_rotary_factor " + std::to_string(partial) + " in " + c.where(),
                    "above 0, at most 1");
    o.divisor = int64_t(double(head_dim) * partial);
    o.dim = o.divisor + (partial < 1 ? o.divisor % 2 : 0);  // an odd part of a head is rounded up
    // The oldest files write "type".
    o.scaling = scaling_of(p.string("rope_type", p.string("type", "default")), c);
    if (o.scaling == Options::none) return o;
    // Phi-3 writes the original context at the top.
    const char* original = "original_max_position_embeddings";
    const int64_t inside = p.size(original, max_positions);
    o.original_max_positions =
        double(c.size(original, defaults.original > 0 ? defaults.original : inside));
    if (o.scaling == Options::dynamic) o.original_max_positions = double(max_positions);
    const bool implied = o.scaling == Options::yarn || o.scaling == Options::longrope;
    o.factor = implied && !p.has("factor") ? double(max_positions) / o.original_max_positions
                                           : p.number("factor");
    if (!(o.factor >= 1) && !implied)
        throw Error("a rotary scaling factor below 1 in " + c.where());
    if (o.scaling == Options::dynamic && o.dim < 4)
        throw Error("dynamic rotary scaling over " + std::to_string(o.dim) + " components",
                    "at least 4");
    if (o.scaling == Options::llama3) {
        o.low_freq_factor = p.number("low_freq_factor");
        o.high_freq_factor = p.number("high_freq_factor");
        if (!(o.high_freq_factor > o.low_freq_factor && o.low_freq_factor > 0))
            throw Error("low_freq_factor and high_freq_factor in " + p.where(),
                        "0 < low_freq_factor < high_freq_factor");
    }
    if (o.scaling == Options::yarn) {
        auto positive = [&](const char* key, double usual) {
            double value = p.number(key, 0);  // 0 and null: the usual
            return value != 0 ? value : usual;
        };
        o.beta_fast = positive("beta_fast", 32), o.beta_slow = positive("beta_slow", 1);
        o.truncate = p.boolean("truncate", true);
        o.attention_factor = p.number("attention_factor", yarn_attention(p, o.factor));
    }
    if (o.scaling == Options::longrope) {
        o.short_factor = p.numbers("short_factor"), o.long_factor = p.numbers("long_factor");
        double usual = o.factor <= 1
                           ? 1.0
                           : std::sqrt(1 + std::log(o.factor) / std::log(o.original_max_positions));
        o.attention_factor = p.number("attention_factor", usual);
    }
    return o;
}

ops::RopeOptions rope_options(const Config& c, int64_t head_dim, int64_t max_positions,
                              const RopeDefaults& defaults) {
    const Config scaling = c.object("rope_scaling");
    return rope_options(c, scaling.json().empty() ? c.object("rope_parameters") : scaling, head_dim,
                        max_positions, defaults);
}

int64_t scaled_context(const ops::RopeOptions& o, int64_t max_positions) {
    const bool grown = o.scaling == Options::dynamic || o.scaling == Options::yarn;
    if (!grown) return max_positions;
    return std::max(max_positions, int64_t(o.factor * o.original_max_positions));
}

}  // namespace moonlet
