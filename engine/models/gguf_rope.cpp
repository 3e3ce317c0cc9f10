// SPDX-License-Identifier: Apache-2.0
#include "models/gguf_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "formats/config.h"
#include "models/gguf_config.h"

namespace moonlet {

namespace {

constexpr double kTurn = 2 * std::numbers::pi;

double number_of(const Json& object, const char* key, double absent) {
    auto it = object.is_object() ? object.find(key) : object.end();
    return it != object.end() && it->is_number() ? it->get<double>() : absent;
}

// By what llama3's scaling divides each frequency.
std::vector<float> llama3_factors(const Json& scaling, double theta, int64_t dim) {
    const double factor = number_of(scaling, "factor", 8),
                 low = number_of(scaling, "low_freq_factor", 1),
                 high = number_of(scaling, "high_freq_factor", 4),
                 length = number_of(scaling, "original_max_position_embeddings", 8192);
    std::vector<float> factors;
    for (int64_t i = 0; i < dim / 2; ++i) {
        const double wave = kTurn * std::pow(theta, double(2 * i) / double(dim));
        const double smooth = (length / wave - low) / (high - low);
        factors.push_back(wave < length / high  ? 1.f
                          : wave > length / low ? float(factor)
                                                : float(1 / ((1 - smooth) / factor + smooth)));
    }
    return factors;
}

double longrope_attention(double scale, double original) {
    return scale > 1 ? std::sqrt(1 + std::log(scale) / std::log(original)) : 1;
}

double yarn_magnitude(double factor, double scale = 1) {
    return factor > 1 ? 0.1 * scale * std::log(factor) + 1 : 1;
}

// What the rotated vectors are multiplied by, as transformers computes it.
double yarn_attention(const Json& scaling, double factor) {
    const double one = number_of(scaling, "mscale", 0),
                 all = number_of(scaling, "mscale_all_dim", 0);
    return one != 0 && all != 0 ? yarn_magnitude(factor, one) / yarn_magnitude(factor, all)
                                : yarn_magnitude(factor);
}

std::vector<float> list_of(const Json& scaling, const char* key, int64_t count) {
    auto it = scaling.find(key);
    if (it == scaling.end() || !it->is_array() || int64_t(it->size()) != count)
        throw Error("rope_scaling in config.json has no proper " + quote(key),
                    "a list of " + std::to_string(count) + " numbers");
    std::vector<float> values;
    for (const Json& one : *it) {
        if (!one.is_number()) throw Error(quote(key) + " holds " + one.dump(), "numbers");
        values.push_back(one.get<float>());
    }
    return values;
}

std::vector<double> values_of(const GgufTensor& tensor) {
    at::Tensor values = tensor_of(tensor).to(at::kDouble).flatten().contiguous();
    return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

Json longrope(const std::vector<double>& short_factor, const std::vector<double>& long_factor) {
    Json scaling = {{"rope_type", "longrope"}};
    scaling["short_factor"] = Json::array();
    scaling["long_factor"] = Json::array();
    for (double x : short_factor) scaling["short_factor"].push_back(shortest(float(x)));
    for (double x : long_factor) scaling["long_factor"].push_back(shortest(float(x)));
    return scaling;
}

}  // namespace

RopeWords rope_words(const Json& config, const GgufFamily& family) {
    auto object = [&](const char* key) {
        auto it = config.find(key);
        return it != config.end() && it->is_object() ? *it : Json::object();
    };
    Json rope = object("rope_parameters"), local;
    if (rope.empty()) rope = object("rope_scaling");
    if (rope.contains("full_attention")) {
        local = rope.value("sliding_attention", Json::object());
        rope = rope["full_attention"];
    }
    RopeWords words;
    words.theta = number_of(
        rope, "rope_theta",
        number_of(config, "rope_theta", number_of(config, "rotary_emb_base", family.rope_theta)));
    words.local_theta = number_of(local, "rope_theta",
                                  number_of(config, "rope_local_base_freq", family.local_theta));
    words.share = number_of(rope, "partial_rotary_factor",
                            number_of(config, "partial_rotary_factor",
                                      number_of(config, "rotary_pct", family.rope_share)));
    std::string type = rope.value("rope_type", rope.value("type", "default"));
    if (type == "su" || (type == "yarn" && rope.contains("long_factor"))) type = "longrope";
    if (type == "default") return words;
    words.scaling = rope;
    words.scaling["rope_type"] = type;
    return words;
}

GgufRope rope_to_gguf(const Json& config, const GgufFamily& family, int64_t head_dim,
                      int64_t max_positions) {
    GgufRope out;
    if (family.rope_theta == 0) return out;
    const RopeWords words = rope_words(config, family);
    const int64_t dim = int64_t(double(head_dim) * words.share);
    auto put = [&](const char* key, GgufType type, const Json& value) {
        out.entries.push_back({family.architecture + ".rope." + key, type, value});
    };
    put("dimension_count", GgufType::U32, dim);
    put("freq_base", GgufType::F32, words.theta);
    if (words.local_theta > 0) put("freq_base_swa", GgufType::F32, words.local_theta);
    const Json& s = words.scaling;
    if (s.is_null()) return out;
    const std::string type = s["rope_type"].get<std::string>();
    const char* original_key = "original_max_position_embeddings";
    double original = number_of(s, original_key, double(max_positions));
    bool at_top = false;  // a row of the family writes it
    for (const GgufKeyRow& row : family.keys)
        if (row.config == original_key) at_top = true, original = row.absent.get<double>();
    original = number_of(config, original_key, original);
    if (type == "llama3") {
        out.tensors.push_back({"rope_freqs.weight", llama3_factors(s, words.theta, dim)});
        return out;
    }
    if (type != "linear" && type != "yarn" && type != "longrope")
        throw Error("rotary scaling of type " + quote(type) + " in config.json",
                    "linear, llama3, yarn or longrope", "llama.cpp has no others");
    put("scaling.type", GgufType::STRING, type);
    const double implied = type == "linear" ? 1 : double(max_positions) / original,
                 factor = number_of(s, "factor", implied);
    if (type != "longrope") put("scaling.factor", GgufType::F32, factor);
    if (type == "linear") return out;
    if (!at_top) put("scaling.original_context_length", GgufType::U32, int64_t(original));
    const double said = number_of(s, "attention_factor", 0);
    if (type == "yarn") {
        if (s.value("truncate", Json(true)) != Json(family.yarn_truncates))
            throw Error(
                "config.json says truncate = " + s["truncate"].dump() + " of its yarn scaling",
                std::string(family.yarn_truncates ? "true" : "false") +
                    ", which is all that llama.cpp has for " + family.architecture,
                "this model can only be saved as a Hugging Face folder");
        // llama.cpp's converter writes the first, its network multiplies by the other.
        const double attention = said > 0 ? said : yarn_attention(s, factor),
                     usual = yarn_magnitude(factor);
        if (said > 0) put("scaling.yarn_attn_factor", GgufType::F32, said);
        if (std::abs(attention - usual) > 1e-6 * usual)
            put("scaling.attn_factor", GgufType::F32, attention / usual);
        put("scaling.yarn_beta_fast", GgufType::F32, number_of(s, "beta_fast", 32));
        put("scaling.yarn_beta_slow", GgufType::F32, number_of(s, "beta_slow", 1));
        return out;
    }
    put("scaling.attn_factor", GgufType::F32,
        said > 0 ? said : longrope_attention(factor, original));
    out.tensors.push_back({"rope_factors_long.weight", list_of(s, "long_factor", dim / 2)});
    out.tensors.push_back({"rope_factors_short.weight", list_of(s, "short_factor", dim / 2)});
    return out;
}

Json llama3_scaling(const std::vector<double>& factors, double theta) {
    if (factors.empty()) return nullptr;
    const double factor = *std::max_element(factors.begin(), factors.end());
    const int64_t dim = 2 * int64_t(factors.size());
    // Between the two ends 1 / factor is linear in the frequency: two points give the line.
    struct Point {
        double frequency, smooth;
    };
    std::vector<Point> line;
    for (size_t i = 0; i < factors.size(); ++i)
        if (factors[i] > 1 + 1e-6 && factors[i] < factor * (1 - 1e-6))
            line.push_back({std::pow(theta, -double(2 * i) / double(dim)),
                            (1 / factors[i] - 1 / factor) / (1 - 1 / factor)});
    // Only the ratios of the two factors and the length count: low_freq_factor is 1 by convention.
    auto tried = [&](double high, double length) -> Json {
        Json scaling = {{"rope_type", "llama3"},
                        {"factor", shortest(float(factor))},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", high},
                        {"original_max_position_embeddings", int64_t(std::round(length))}};
        if (!(high > 1) || !(length >= 1) || length > 1e9) return nullptr;
        std::vector<float> again = llama3_factors(scaling, theta, dim);
        for (size_t i = 0; i < factors.size(); ++i)
            if (std::abs(again[i] - factors[i]) > 1e-5 * factors[i]) return nullptr;
        return scaling;
    };
    if (line.size() > 1) {
        const Point &p = line.front(), &q = line.back();
        const double slope = (p.smooth - q.smooth) / (p.frequency - q.frequency),
                     at_zero = p.smooth - slope * p.frequency;
        const double high = std::round((1 - 1 / at_zero) * 1000) / 1000;
        return tried(high, slope * kTurn * (high - 1));
    }
    // One point leaves a choice, none leaves more: the usual factors first.
    for (double high : {4.0, 2.0, 8.0, 1.5, 3.0, 16.0, 32.0}) {
        double length = 0;
        if (line.size() == 1) {
            length = kTurn / line[0].frequency * (1 + line[0].smooth * (high - 1));
        } else {
            for (size_t i = 0; i < factors.size(); ++i)  // the longest wave that stays as it is
                if (factors[i] < 1 + 1e-6)
                    length = high * kTurn * std::pow(theta, double(2 * i) / double(dim)) * 1.01 + 1;
        }
        if (Json scaling = tried(high, length); !scaling.is_null()) return scaling;
    }
    return nullptr;
}

void rope_from_gguf(const GgufModel& model, Json& config) {
    const GgufFamily& family = model.family();
    if (family.rope_theta == 0) return;
    auto number = [&](const char* key, double absent) {
        const GgufValue* value = model.find(std::string("rope.") + key);
        return value ? shortest(float(value->number())) : absent;
    };
    const double theta = number("freq_base", 10000);
    config["rope_theta"] = theta;
    if (const double local = number("freq_base_swa", 0); local > 0)
        config["rope_local_base_freq"] = local;
    else if (family.local_theta > 0) config["rope_local_base_freq"] = family.local_theta;
    const GgufValue* length = model.find("attention.key_length");
    const int64_t heads = std::max<int64_t>(
                      1, model.head().get(family.architecture + ".attention.head_count").integer()),
                  head_dim =
                      length
                          ? length->integer()
                          : model.head().get(family.architecture + ".embedding_length").integer() /
                                heads;
    const double dim = number("dimension_count", double(head_dim));
    if (head_dim > 0 && (dim != double(head_dim) || family.rope_share != 1)) {
        config["partial_rotary_factor"] = dim / double(head_dim);
        if (family.rope_share != 1) config["rotary_pct"] = dim / double(head_dim);
    }

    const int64_t positions = config.value("max_position_embeddings", int64_t(0));
    const GgufValue* type_value = model.find("rope.scaling.type");
    std::string type = type_value ? std::string(type_value->string()) : "";
    const GgufTensor *freqs = model.tensor("rope_freqs.weight"),
                     *longer = model.tensor("rope_factors_long.weight"),
                     *shorter = model.tensor("rope_factors_short.weight");
    const double original = number("scaling.original_context_length", double(positions));
    double factor = number("scaling.factor", number("scale_linear", 0));
    if (longer && shorter) {
        Json scaling = longrope(values_of(*shorter), values_of(*longer));
        const double attention = number("scaling.attn_factor", 1);
        if (std::abs(attention - longrope_attention(double(positions) / original, original)) > 1e-5)
            scaling["attention_factor"] = attention;
        scaling["original_max_position_embeddings"] = int64_t(original);
        config["original_max_position_embeddings"] = int64_t(original);
        config["rope_scaling"] = scaling;
    } else if (freqs) {
        const std::vector<double> factors = values_of(*freqs);
        bool plain = true;
        for (double f : factors) plain &= std::abs(f - 1) < 1e-6;
        if (plain) return;
        Json scaling = llama3_scaling(factors, theta);
        if (scaling.is_null()) {  // the same factors at any length
            scaling = longrope(factors, factors);
            scaling["attention_factor"] = 1.0;
            scaling["original_max_position_embeddings"] = positions;
        }
        config["rope_scaling"] = scaling;
    } else if (type == "yarn") {
        Json scaling = {{"rope_type", "yarn"},
                        {"factor", factor > 0 ? factor : 1.0},
                        {"original_max_position_embeddings", int64_t(original)},
                        {"beta_fast", number("scaling.yarn_beta_fast", 32)},
                        {"beta_slow", number("scaling.yarn_beta_slow", 1)}};
        if (!family.yarn_truncates) scaling["truncate"] = false;
        if (const double attention = number("scaling.yarn_attn_factor", 0); attention > 0)
            scaling["attention_factor"] = attention;
        else if (const double share = number("scaling.attn_factor", 1); share != 1)
            scaling["attention_factor"] = share * yarn_magnitude(factor);
        config["rope_scaling"] = scaling;
    } else if ((type.empty() || type == "linear") && factor > 0 && factor != 1) {
        config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", factor}};
    } else if (!type.empty() && type != "none" && type != "linear") {
        throw Error(model.where() + " has rotary scaling of type " + quote(type),
                    "none, linear, yarn or longrope with its factors");
    }
}

}  // namespace moonlet
