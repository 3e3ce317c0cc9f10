// SPDX-License-Identifier: Apache-2.0
// Not a test: the other half of `scripts/golden/tokenizers.py --fuzz`, hidden from ordinary runs.
// Reads jobs from $MOONLET_PEER_IN (one JSON per line: {"tokenizer": path} or {"text": …} or
// {"ids": …}) and writes what this library makes of each text to $MOONLET_PEER_OUT.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "core/error.h"
#include "core/interrupt.h"
#include "tokenizers/gguf_vocabulary.h"
#include "tokenizers/tokenizer.h"
#include "tokenizers/train.h"

using namespace moonlet;

namespace {

std::string from_hex(const std::string& hex) {  // bytes that are no UTF-8
    std::string out;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

Json all_of(const Encoding& e) {
    Json overflow = Json::array();
    for (const Encoding& o : e.overflow) overflow.push_back(all_of(o));
    return {{"ids", e.ids},
            {"offsets", e.offsets},
            {"type_ids", e.type_ids},
            {"sequence_ids", e.sequence_ids},
            {"attention_mask", e.attention_mask},
            {"special_mask", e.special_mask},
            {"overflow", overflow}};
}

Json streamed(const std::shared_ptr<Tokenizer>& tokenizer, const std::vector<int>& ids, bool skip) {
    DecodeStream stream(tokenizer, skip);
    std::string all;
    for (int id : ids) all += stream.push(id);
    return all + stream.finish();
}

}  // namespace

TEST_CASE("answers a peer", "[.peer]") {
    const char *in = std::getenv("MOONLET_PEER_IN"), *out = std::getenv("MOONLET_PEER_OUT");
    if (!in || !out) FAIL("MOONLET_PEER_IN and MOONLET_PEER_OUT are not set");
    std::ifstream jobs(in);
    std::ofstream answers(out);
    std::shared_ptr<Tokenizer> tokenizer;
    std::string line;
    while (std::getline(jobs, line)) {
        Json job = Json::parse(line), answer;
        try {
            if (job.contains("tokenizer")) {
                auto start = std::chrono::steady_clock::now();
                tokenizer = nullptr;
                tokenizer = Tokenizer::load(job["tokenizer"], job.value("encoding", ""));
                std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
                answer = {{"seconds", took.count()}, {"vocab", tokenizer->vocab_size()}};
            } else if (!tokenizer && !job.contains("train")) {
                throw Error("there is no tokenizer");
            } else if (job.contains("bench")) {
                std::ifstream file(job["bench"].get<std::string>());
                std::string text((std::istreambuf_iterator<char>(file)), {});
                bool offsets = job.value("offsets", false);
                size_t n = 0;
                auto start = std::chrono::steady_clock::now();
                for (size_t at = 0; at < text.size();) {  // documents, as the peer gets them
                    size_t end = std::min(text.find("\n\n\n", at), text.size());
                    std::string_view part = std::string_view(text).substr(at, end - at);
                    n += offsets ? tokenizer->encode_with_offsets(part).ids.size()
                                 : tokenizer->encode(part).size();
                    at = end + 3;
                }
                std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
                answer = {{"tokens", n}, {"seconds", took.count()}, {"bytes", text.size()}};
            } else if (job.contains("train")) {
                std::vector<std::string> texts = job["train"];
                size_t next = 0;
                auto start = std::chrono::steady_clock::now();
                auto trained = train_tokenizer(
                    [&](std::string& text) {
                        if (next == texts.size()) return false;
                        text = texts[next++];
                        return true;
                    },
                    TrainOptions::from_json(job["options"]));
                std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
                trained->save(job["save"].get<std::string>());
                answer = {{"seconds", took.count()}};
            } else if (job.contains("export")) {  // as a GGUF that llama.cpp opens
                std::vector<GgufEntry> entries = {
                    {"general.architecture", GgufType::STRING, "llama"},
                    {"llama.context_length", GgufType::U32, 512},
                    {"llama.embedding_length", GgufType::U32, 64},
                    {"llama.block_count", GgufType::U32, 1},
                    {"llama.feed_forward_length", GgufType::U32, 64},
                    {"llama.attention.head_count", GgufType::U32, 1},
                    {"llama.attention.layer_norm_rms_epsilon", GgufType::F32, 1e-5},
                };
                for (GgufEntry& entry : gguf_vocabulary(*tokenizer)) entries.push_back(entry);
                write_gguf(job["export"].get<std::string>(), entries, {});
                answer["exported"] = true;
            } else if (job.contains("ids")) {
                std::vector<int> ids = job["ids"];
                answer["decoded"] = tokenizer->decode(ids);
                answer["skipped"] = tokenizer->decode(ids, true);
                answer["streamed"] = streamed(tokenizer, ids, false);
                answer["streamed_skipped"] = streamed(tokenizer, ids, true);
            } else if (job.contains("batch")) {
                std::vector<std::string> firsts, seconds;
                for (auto& pair : job["batch"]) {
                    firsts.push_back(pair[0]);
                    if (pair.size() > 1) seconds.push_back(pair[1]);
                }
                EncodeOptions options = EncodeOptions::from_json(job["options"], "peer");
                for (auto& e : tokenizer->encode_batch(firsts, seconds, options))
                    answer["batch"].push_back(all_of(e));
            } else {
                std::string text = job.contains("hex") ? from_hex(job["hex"])
                                                      : job["text"].get<std::string>();
                Encoding e = tokenizer->encode_with_offsets(text);
                answer["ids"] = e.ids;
                answer["offsets"] = e.offsets;
                answer["plain"] = tokenizer->encode(text, false);
                answer["same"] = tokenizer->encode(text) == e.ids;
                answer["decoded"] = tokenizer->decode(e.ids);
                answer["skipped"] = tokenizer->decode(e.ids, true);
                answer["streamed"] = streamed(tokenizer, e.ids, false);
            }
        } catch (const Error& e) {
            answer = {{"error", e.what()}};
        }
        answers << answer.dump(-1, ' ', true) << "\n";
    }
}
