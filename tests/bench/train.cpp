// SPDX-License-Identifier: Apache-2.0
// `scripts/bench train`: a training step of moonlet as a process of its own.
//   bench_train make FOLDER [LAYERS HIDDEN INNER HEADS KV_HEADS HEAD_DIM VOCAB]
//       writes a Qwen3-shaped model of random weights in bf16; without sizes: 87.5 M parameters
//   bench_train FOLDER lora|full bf16|f32 [BATCH LENGTH STEPS]
//       prints tokens/s, seconds a step (medians of the steps behind the first), the process's peak
//       memory in MB, GFLOP/s of its weights' matrix products, GFLOP/s of the best such product
//       alone in the same process (the probe), threads, vectors of LibTorch, compiler flags
// Matrix products counted: forward, gradient of what went in and, with "full", of the weights; two
// operations a parameter and token each. Attention's own are left out, on both sides of the share.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "generation/language_model.h"
#include "models/model.h"
#include "trainers/loop.h"

using namespace moonlet;

namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void make(const std::vector<std::string>& args) {
    std::vector<int64_t> sizes = {10, 768, 2048, 12, 4, 64, 32000};
    for (size_t i = 0; i < sizes.size() && i + 3 < args.size(); ++i)
        sizes[i] = std::stoll(args[i + 3]);
    Json config = {{"model_type", "qwen3"},
                   {"num_hidden_layers", sizes[0]},
                   {"hidden_size", sizes[1]},
                   {"intermediate_size", sizes[2]},
                   {"num_attention_heads", sizes[3]},
                   {"num_key_value_heads", sizes[4]},
                   {"head_dim", sizes[5]},
                   {"vocab_size", sizes[6]},
                   {"max_position_embeddings", 4096},
                   {"tie_word_embeddings", true}};
    auto network = new_model(config, 1, at::kBFloat16, "cpu");
    save_model(*network, args[2]);
    std::printf("%.1f M parameters\n", double(network->parameters().count()) / 1e6);
}

// GFLOP/s of the fastest of three products that a layer has, each the best of several runs.
double probe(const std::vector<Parameters::NamedLinear>& linears, int64_t rows,
             at::ScalarType type) {
    at::NoGradGuard no_grad;
    double best = 0;
    for (const auto& named : linears) {
        if (named.name.find(".0.") == std::string::npos) continue;
        const int64_t in = named.linear.weight()->in_features(),
                      out = named.linear.weight()->out_features();
        at::Tensor x = at::rand({rows, in}).to(type), w = at::rand({out, in}).to(type);
        for (int i = 0; i < 6; ++i) {
            const double start = now();
            at::linear(x, w);
            best = std::max(best, 2e-9 * double(rows * in * out) / (now() - start));
        }
    }
    return best;
}

void run(const std::vector<std::string>& args) {
    const std::string tune = args[2], dtype = args[3];
    auto number = [&](size_t i, int64_t usual) {
        return i < args.size() ? std::stoll(args[i]) : usual;
    };
    const int64_t batch = number(4, 4), length = number(5, 512), steps = number(6, 5);
    LoadOptions load;
    load.dtype = dtype == "bf16" ? at::kBFloat16 : at::kFloat;
    auto model = load_language_model(args[1], load);
    const int64_t vocab = model->network->vocab_size();
    Random random(1);
    Rows rows;
    for (int64_t i = 0; i < batch; ++i) {
        Json ids = Json::array();
        for (int64_t t = 0; t <= length; ++t) ids.push_back(random.below(uint64_t(vocab)));
        rows.push_back({{"input_ids", ids}});
    }
    Json options = {{"tune", tune},
                    {"lr", 1e-4},
                    {"batch_size", batch},
                    {"max_length", length},
                    {"max_steps", steps},
                    {"packing", false},
                    {"seed", 1}};
    if (tune == "lora") options.update({{"rank", 16}, {"alpha", 32}});
    auto trainer = Trainer::make("cpt", model, rows, options);
    std::vector<double> seconds;
    while (!trainer->done()) {
        const double start = now();
        trainer->step();
        seconds.push_back(now() - start);
    }
    if (seconds.size() > 1) seconds.erase(seconds.begin());
    const double step = median(seconds), tokens = double(batch * length),
                 peak = double(trainer->history().back().peak_bytes);
    double weights = double(model->network->vocab_size() * model->network->hidden_size());
    const auto linears = model->network->parameters().linears();
    for (const auto& named : linears) {
        const auto& w = *named.linear.weight();
        if (w.out_features() != vocab) weights += double(w.in_features() * w.out_features());
    }
    const double rate = 1e-9 * (tune == "lora" ? 4 : 6) * weights * tokens / step;
    std::printf("%.1f %.3f %.0f %.1f %.1f %d %s %s\n", tokens / step, step, peak / 1e6, rate,
                probe(linears, batch * length, dtype == "bf16" ? at::kBFloat16 : at::kFloat),
                at::get_num_threads(), at::get_cpu_capability().c_str(), MOONLET_FLAGS);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> args(argv, argv + argc);
    if (args.size() >= 3 && args[1] == "make") make(args);
    else if (args.size() >= 4) run(args);
    else return 2;
}
