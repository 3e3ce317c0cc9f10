// SPDX-License-Identifier: Apache-2.0
#include "models/rope_config.h"

#include "core/error.h"

namespace moonlet {

ops::RopeOptions rope_options(const Config& config, int64_t head_dim) {
    ops::RopeOptions o;
    o.dim = head_dim;
    const Config scaling =
        config.object(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
    o.theta = scaling.number("rope_theta", config.number("rope_theta", 10000.0));
    if (scaling.number("partial_rotary_factor", config.number("partial_rotary_factor", 1.0)) != 1.0)
        throw Error("partial_rotary_factor in " + config.where(), "1: whole heads turn");
    // The oldest files write "type".
    const std::string type = scaling.string("rope_type", scaling.string("type", "default"));
    if (type == "default") return o;
    if (type != "linear" && type != "llama3")
        throw Error("rotary scaling of type " + quote(type) + " in " + config.where(),
                    "\"default\", \"linear\" or \"llama3\"", "other types are not supported yet");
    o.factor = scaling.number("factor");
    if (!(o.factor >= 1)) throw Error("a rotary scaling factor below 1 in " + config.where());
    o.scaling = ops::RopeOptions::linear;
    if (type == "linear") return o;
    o.scaling = ops::RopeOptions::llama3;
    o.low_freq_factor = scaling.number("low_freq_factor");
    o.high_freq_factor = scaling.number("high_freq_factor");
    o.original_max_positions = double(scaling.size("original_max_position_embeddings"));
    if (!(o.high_freq_factor > o.low_freq_factor && o.low_freq_factor > 0))
        throw Error("low_freq_factor and high_freq_factor in " + scaling.where(),
                    "0 < low_freq_factor < high_freq_factor");
    return o;
}

}  // namespace moonlet
