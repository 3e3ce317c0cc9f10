// SPDX-License-Identifier: Apache-2.0
// The options of m:generate: their rows, and the struct from what was given over the model's own
// defaults.
#include "core/error.h"
#include "generation/generator.h"
#include "generation/sampler.h"

namespace moonlet {

namespace {

// A call reads them all and keeps a row of logits for each.
constexpr int kMostDraftTokens = 256;

}  // namespace

const OptionTable& GenerateOptions::rows() {
    static const OptionTable table = {
        {"max_tokens", "integer", "256", "most tokens to write"},
        {"temperature", "number", "",
         "0 = always the most likely token; above 0 samples (default: the model's, else 0)"},
        {"top_k", "integer", "",
         "sample from the k most likely, 0 = all (default: the model's, else 0)"},
        {"top_p", "number", "",
         "sample from the smallest set with this much probability (default: the model's, else 1)"},
        {"min_p", "number", "",
         "sample from those at least this times as likely as the most likely (default: the "
         "model's, else 0)"},
        {"repetition_penalty", "number", "",
         "above 1: tokens already there become less likely (default: the model's, else 1)"},
        {"do_sample", "boolean", "", "false = greedy, true = sample at the model's temperature"},
        {"stop", "string|string[]", "", "end before one of these texts"},
        {"seed", "integer", "", "of the draws; without one it is drawn and reported"},
        {"logprobs", "boolean", "false", "report each token's log-probability"},
        {"special", "boolean", "true", "add special tokens to the prompt"},
        {"skip_special", "boolean", "true", "leave special tokens out of the text"},
        {"ignore_eos", "boolean", "false", "write on past end tokens"},
        {"draft", "\"ngram\"|Model", "",
         "speculative decoding: a smaller model of the same vocabulary writes ahead, or \"ngram\" "
         "looks up what followed the same tokens before; the answer stays what it is"},
        {"draft_tokens", "integer", "8", "draft: most tokens ahead"},
        {"ngram_max", "integer", "4", "draft = \"ngram\": longest run of tokens to look up"},
        {"ngram_min", "integer", "2", "draft = \"ngram\": shortest run of tokens to look up"},
        {"overflow", "\"error\"|\"slide\"", "\"error\"",
         "where the context is full: end (a prompt too long is an error), or drop all but the "
         "first sinks and the newest half, read that anew and go on"},
        {"sinks", "integer", "4", "overflow = \"slide\": tokens of the beginning that stay"},
    };
    return table;
}

GenerateOptions GenerateOptions::from_json(const Json& json, const GenerationConfig& defaults) {
    GenerateOptions o;
    if (defaults.max_new_tokens > 0) o.max_tokens = defaults.max_new_tokens;
    o.top_k = defaults.top_k;
    o.top_p = defaults.top_p;
    o.min_p = defaults.min_p;
    o.repetition_penalty = defaults.repetition_penalty;
    bool sample = defaults.do_sample;
    read_option(json, "do_sample", sample);
    o.temperature = sample ? defaults.temperature : 0;
    bool refused = json.contains("do_sample") && !sample;
    if (!refused) read_option(json, "temperature", o.temperature);
    read_option(json, "max_tokens", o.max_tokens);
    read_option(json, "top_k", o.top_k);
    read_option(json, "top_p", o.top_p);
    read_option(json, "min_p", o.min_p);
    read_option(json, "repetition_penalty", o.repetition_penalty);
    read_option(json, "logprobs", o.logprobs);
    read_option(json, "special", o.special);
    read_option(json, "skip_special", o.skip_special);
    read_option(json, "ignore_eos", o.ignore_eos);
    std::string overflow = "error";
    read_option(json, "overflow", overflow);
    if (overflow != "error" && overflow != "slide")
        throw Error("overflow " + quote(overflow), "\"error\" or \"slide\"");
    o.slide = overflow == "slide";
    read_option(json, "sinks", o.sinks);
    if (o.sinks < 0) throw Error("sinks " + std::to_string(o.sinks), "0 or more");
    if (auto stop = json.find("stop"); stop != json.end() && !stop->is_null()) {
        if (stop->is_string()) o.stop = {stop->get<std::string>()};
        else
            for (auto& one : *stop) o.stop.push_back(one.get<std::string>());
    }
    if (auto seed = json.find("seed"); seed != json.end() && !seed->is_null()) {
        if (seed->get<double>() < 0) throw Error("seed " + seed->dump(), "0 or more");
        o.seed = seed->get<uint64_t>();
    }
    if (auto draft = json.find("draft"); draft != json.end() && !draft->is_null()) {
        if (!draft->is_string() || draft->get<std::string>() != "ngram")
            throw Error("draft " + draft->dump(), "a Model or \"ngram\"",
                        "load the smaller model first: draft = models.load(\"…\")");
        o.draft_ngram = true;
    }
    read_option(json, "draft_tokens", o.draft_tokens);
    read_option(json, "ngram_max", o.ngram_max);
    read_option(json, "ngram_min", o.ngram_min);
    if (o.draft_tokens < 1 || o.draft_tokens > kMostDraftTokens)
        throw Error("draft_tokens " + std::to_string(o.draft_tokens),
                    "1 to " + std::to_string(kMostDraftTokens));
    if (o.max_tokens < 1) throw Error("max_tokens " + std::to_string(o.max_tokens), "at least 1");
    check_sampler({o.temperature, o.top_k, o.top_p, o.min_p, o.repetition_penalty});
    return o;
}

}  // namespace moonlet
