// SPDX-License-Identifier: Apache-2.0
#include "trainers/estimate.h"

#include <unistd.h>

#include <chrono>
#include <fstream>

#include "core/interrupt.h"
#include "ops/checkpoint.h"
#include "ops/grad.h"
#include "trainers/memory_count.h"

namespace moonlet {

namespace {

// A line "Name:  123 kB" of /proc; 0 where there is none.
double proc_bytes(const char* file, const std::string& name) {
    std::ifstream status(file);
    for (std::string line; std::getline(status, line);)
        if (line.rfind(name, 0) == 0) return std::stod(line.substr(name.size())) * 1024;
    return 0;
}

double bytes_of(const std::vector<NamedTensor>& tensors) {
    double sum = 0;
    for (const NamedTensor& t : tensors) sum += double(t.tensor.nbytes());
    return sum;
}

double count_of(const std::vector<NamedTensor>& tensors) {
    double sum = 0;
    for (const NamedTensor& t : tensors) sum += double(t.tensor.numel());
    return sum;
}

// Bytes as a function of a micro-batch's rows and width.
struct Growth {
    double fixed = 0, per_token = 0, per_pair = 0;  // pair: a token and a position of its row
    double at(const Plan::Shape& s) const {
        const double n = double(s.rows) * double(s.width);
        return fixed + per_token * n + per_pair * n * double(s.width);
    }
    // Through three measurements of one row with widths t, 2 t and 4 t.
    static Growth through(double t, const double (&bytes)[3]) {
        Growth g;
        const double first = (bytes[1] - bytes[0]) / t, second = (bytes[2] - bytes[1]) / (2 * t);
        g.per_pair = std::max(0.0, (second - first) / (3 * t));
        g.per_token = std::max(0.0, first - 3 * t * g.per_pair);
        g.fixed = std::max(0.0, bytes[0] - g.per_token * t - g.per_pair * t * t);
        return g;
    }
};

class Trials {
  public:
    explicit Trials(const Plan& plan) : plan_(plan) {
        for (const Plan::Shape& s : plan.shapes) {
            packed_ |= s.packed;
            ragged_ |= s.ragged;
            widest_ = std::max(widest_, s.width);
        }
        const int64_t positions = plan.model.network->max_positions();
        if (positions > 0) widest_ = std::min(widest_, positions);
        width_ = std::clamp<int64_t>(widest_ / 8, 2, 64);
        if (positions > 0) width_ = std::max<int64_t>(1, std::min(width_, positions / 4));
    }

    // What a forward pass keeps; with checkpointing as the options say or plainly.
    Growth kept(bool checkpointing) {
        return grow([&](int64_t width) {
            ops::Checkpointing on(checkpointing);
            MemoryCount count;
            at::Tensor hidden = plan_.model.network->hidden(input(width));
            return double(count.live());
        });
    }

    // What a backward pass takes besides that and the gradients of weights: only the first small
    // parameter asks for one.
    Growth working() {
        const NamedTensor* asks = &plan_.parameters.front();
        for (const NamedTensor& p : plan_.parameters)
            if (p.tensor.dim() == 1) {
                asks = &p;
                break;
            }
        for (const NamedTensor& p : plan_.parameters)
            p.tensor.requires_grad_(p.tensor.is_same(asks->tensor));
        Growth g = grow([&](int64_t width) {
            MemoryCount count;
            at::Tensor hidden = plan_.model.network->hidden(input(width));
            count.restart_peak();
            const int64_t before = count.live();
            if (hidden.requires_grad()) hidden.backward(at::ones_like(hidden));
            asks->tensor.mutable_grad().reset();
            return double(count.peak() - before);
        });
        for (const NamedTensor& p : plan_.parameters) p.tensor.requires_grad_(true);
        return g;
    }

  private:
    ModelInput input(int64_t width) const {
        ModelInput in;
        in.ids = at::zeros({1, width}, at::kLong);
        if (packed_) {
            in.documents = at::zeros({1, width}, at::kLong);
            in.documents.narrow(1, width / 2, width - width / 2).fill_(1);
        }
        if (ragged_ && plan_.objective.layout() == Layout::labelled) {
            in.mask = at::ones({1, width}, at::kBool);
            in.mask.narrow(1, width - 1, 1).fill_(width == 1);
        }
        return in;
    }

    template <class Measure>
    Growth grow(Measure measure) {
        measure(width_ << 2);  // what is made once and kept, such as tables of angles
        double bytes[3];
        for (int i = 0; i < 3; ++i) {
            interrupt::check();
            bytes[i] = measure(width_ << i);
        }
        return Growth::through(double(width_), bytes);
    }

    const Plan& plan_;
    bool packed_ = false, ragged_ = false;
    int64_t widest_ = 1, width_ = 1;
};

// The loss of ops/cross_entropy.h, which follows from its own shapes.
struct LossMemory {
    double logits = 0;  // a chunk as computed, in f32, its log-softmax and gradient: three at once
    double head = 0;    // the head's gradient while the loss runs
    double tied = 0;    // a tied embedding's second gradient, before it is added
    double head_after = 0;  // the head's gradient from then on
};

LossMemory loss_memory(const Plan& plan, const Plan::Shape& s) {
    LossMemory m;
    if (plan.objective.layout() == Layout::labelled) return m;
    Model& network = *plan.model.network;
    const int64_t vocab = network.vocab_size();
    int wide = 0;
    for (const NamedTensor& p : plan.parameters)
        if (p.tensor.dim() == 2 && p.tensor.size(0) == vocab) {
            m.head_after = double(p.tensor.nbytes());
            ++wide;
        }
    const double element = double(c10::elementSize(network.parameters().dtype()));
    const double chunk = std::max(1.0, double(1 << 24) / double(vocab));
    const double rows = std::min(double(s.counted), chunk);
    m.logits = rows * double(vocab) * (3 * 4 + (element < 4 ? 2 * element : 0)) +
               2 * double(s.counted) * double(network.hidden_size()) * element;
    m.head = double(s.counted) > chunk ? 2 * m.head_after : m.head_after;
    m.tied = wide == 1 ? m.head_after : 0;
    return m;
}

struct Moment {
    const char* name;
    double gradients, activations, logits, working;
    double sum() const { return gradients + activations + logits + working; }
};

void measure_time(const Plan& plan, Estimate& e) {
    using Clock = std::chrono::steady_clock;
    auto since = [](Clock::time_point start) {
        return std::chrono::duration<double>(Clock::now() - start).count();
    };
    if (!plan.history.empty()) {
        double seconds = 0;
        const size_t count = std::min<size_t>(20, plan.history.size());
        for (size_t i = plan.history.size() - count; i < plan.history.size(); ++i)
            seconds += plan.history[i].seconds;
        e.seconds = seconds / double(count) * plan.steps;
        e.seconds_by = "the last steps";
        return;
    }
    if (e.total_bytes > e.free_bytes + proc_bytes("/proc/self/status", "VmRSS:")) {
        e.seconds_by = "not measured: one micro-batch would not fit";
        return;
    }
    const MicroBatch batch = plan.batch(plan.first);
    ops::Checkpointing checkpointing(plan.options.gradient_checkpointing);
    double best = 0;
    for (int i = 0; i < 2 && (i == 0 || best < 3); ++i) {  // the first one warms up
        interrupt::check();
        const auto start = Clock::now();
        plan.objective.loss(plan.model, batch).backward();
        for (const NamedTensor& p : plan.parameters) p.tensor.mutable_grad().reset();
        best = since(start);
    }
    // AdamW on a sample, for all parameters.
    const double trained = count_of(plan.parameters);
    at::NoGradGuard no_grad;
    const int64_t sample = int64_t(std::min(trained, double(1 << 22)));
    at::Tensor weight = at::zeros({sample}), grad = at::zeros({sample});
    AdamW adam({{"sample", weight}}, {});
    adam.step({grad}, 1e-9, 1);
    const auto start = Clock::now();
    adam.step({grad}, 1e-9, 2);
    const double update = since(start) * trained / double(std::max<int64_t>(1, sample));
    e.seconds = best / double(batch.tokens) * double(e.tokens) + update * plan.steps;
    e.seconds_by = "one micro-batch";
}

}  // namespace

void Plan::add(const std::vector<size_t>& which, const std::vector<Row>& rows,
               const std::vector<Sequence>& sequences) {
    Shape s;
    int64_t narrowest = 0;
    for (size_t r : which) {
        int64_t width = 0;
        for (const Piece& p : rows[r]) {
            width += p.length;
            for (uint32_t i = 1; i <= p.length; ++i)
                s.counted += counts(sequences[p.sequence], p.begin + i);
        }
        s.width = std::max(s.width, width);
        narrowest = s.rows ? std::min(narrowest, width) : width;
        s.packed |= rows[r].size() > 1;
        ++s.rows;
    }
    s.ragged = narrowest < s.width;
    const bool wider = shapes.empty() || std::none_of(shapes.begin(), shapes.end(), [&](auto& o) {
                           return o.rows * o.width >= s.rows * s.width;
                       });
    if (wider) first = which;
    shapes.push_back(s);
}

Estimate estimate_training(const Plan& plan) {
    Estimate e;
    Model& network = *plan.model.network;
    e.parameters = network.parameters().count();
    e.trained = int64_t(count_of(plan.parameters));
    e.steps = plan.steps;
    e.tokens = plan.tokens;

    // Weights that are mapped from a file count from when they are read first.
    for (const Parameters::Entry& entry : network.parameters().entries()) {
        interrupt::check();
        at::NoGradGuard no_grad;
        if (entry.tensor.is_cpu()) (void)entry.tensor.max();
    }

    Trials trials(plan);
    const bool checkpointing = plan.options.gradient_checkpointing;
    const Growth plain = trials.kept(false), working = trials.working();
    const Growth kept = checkpointing ? trials.kept(true) : plain;
    const double layers = double(std::max<int64_t>(1, network.num_hidden_layers()));

    const double gradients = bytes_of(plan.parameters);
    const double narrow = gradients < 4 * count_of(plan.parameters);  // sums in f32 beside them
    const double sums = 4 * count_of(plan.parameters), before = plan.per_step > 1 ? sums : 0;
    Moment worst{"", 0, 0, 0, 0};
    for (const Plan::Shape& s : plan.shapes) {
        const double a = kept.at(s), layer = checkpointing ? plain.at(s) / layers : 0;
        const double w = working.at(s) + layer;
        const LossMemory loss = loss_memory(plan, s);
        const double update = std::max(gradients, before);
        for (const Moment& m :
             {Moment{"the loss", before + loss.head, a, loss.logits, 0},
              Moment{"the start of the backward pass", before + loss.head_after, a, 0, w},
              Moment{"the end of the backward pass", before + gradients + loss.tied, a / layers, 0,
                     w},
              Moment{"the update", update, 0, 0, 0}})
            if (m.sum() > worst.sum()) worst = m;
    }

    const double resident = proc_bytes("/proc/self/status", "VmRSS:");
    double masters = 0;  // of bf16 the half that the parameter does not hold
    for (const NamedTensor& p : plan.parameters)
        if (p.tensor.element_size() < 4)
            masters += (p.tensor.scalar_type() == at::kBFloat16 ? 2 : 4) * double(p.tensor.numel());
    const double weights = double(network.parameters().bytes());
    const double adapters = std::max(0.0, double(plan.model.bytes()) - weights);
    const double program =
        std::max(0.0, resident - weights - adapters - double(plan.optimizer_bytes));
    e.moment = worst.name;
    e.memory = {
        {"weights", weights + adapters, "as the model holds them"},
        {"optimizer", 2 * sums + masters,
         narrow ? "AdamW: two f32 numbers for each that trains, and what its master has beyond it"
                : "AdamW: two f32 numbers for each that trains"},
        {"gradients", worst.gradients,
         plan.per_step > 1 ? "with their sums over micro-batches" : ""},
        {"activations", worst.activations,
         checkpointing ? "each layer's input alone" : "what the forward pass keeps"},
        {"working", worst.working,
         checkpointing ? "one layer computed again, and its backward pass"
                       : "one layer's backward pass"},
        {"logits", worst.logits, "one chunk of the loss"},
        {"program", program, "libraries, data and whatever else is there now"},
    };
    for (const Estimate::Part& part : e.memory) e.total_bytes += part.bytes;
    e.free_bytes = proc_bytes("/proc/meminfo", "MemAvailable:");
    measure_time(plan, e);
    return e;
}

}  // namespace moonlet
