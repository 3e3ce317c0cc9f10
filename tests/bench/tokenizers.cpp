// SPDX-License-Identifier: Apache-2.0
// Our half of `scripts/bench tokenizers`. Reads commands from stdin, one JSON per line, and answers
// each with one line: {"open": tokenizer.json} -> {"seconds"}; {"encode": file of documents, a JSON
// array of strings; "threads": n, "offsets": bool} -> {"seconds", "tokens"} of one pass.
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "core/json.h"
#include "tokenizers/tokenizer.h"

using namespace moonlet;

namespace {

double now() {
    using std::chrono::steady_clock;
    return std::chrono::duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main() {
    std::shared_ptr<Tokenizer> tokenizer;
    std::vector<std::string> documents;
    std::string loaded;
    for (std::string line; std::getline(std::cin, line);) {
        Json job = parse_json(line, "command"), answer;
        double start = 0;
        if (job.contains("open")) {
            tokenizer.reset();
            start = now();
            tokenizer = Tokenizer::load(job["open"].get<std::string>());
        } else {
            if (loaded != job["encode"].get<std::string>()) {
                loaded = job["encode"].get<std::string>();
                documents = read_json(loaded).get<std::vector<std::string>>();
            }
            unsigned threads = job["threads"];
            size_t tokens = 0;
            start = now();
            if (job["offsets"].get<bool>()) {
                for (auto& e : tokenizer->encode_batch(documents, {}, EncodeOptions(), threads))
                    tokens += e.ids.size();
            } else {
                for (auto& ids : tokenizer->encode_ids_batch(documents, true, threads))
                    tokens += ids.size();
            }
            answer["tokens"] = tokens;
        }
        answer["seconds"] = now() - start;
        std::cout << answer.dump() << std::endl;
    }
}
