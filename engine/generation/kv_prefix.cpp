// SPDX-License-Identifier: Apache-2.0
#include "generation/kv_prefix.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "formats/safetensors.h"
#include "generation/context.h"

namespace moonlet {

namespace {

constexpr const char* kFormat = "moonlet prefix 1";
constexpr size_t kChunk = size_t{32} << 20;  // bytes between two looks at the interrupt flag

// Eight lanes of multiply and fold: it has to keep up with memory, not with an adversary.
class Hash {
  public:
    void bytes(const void* data, size_t size) {
        const auto* at = static_cast<const unsigned char*>(data);
        word(size);
        for (; size >= sizeof lanes_; at += sizeof lanes_, size -= sizeof lanes_) {
            uint64_t in[8];
            std::memcpy(in, at, sizeof in);
            for (int i = 0; i < 8; ++i) lanes_[i] = fold(lanes_[i] ^ in[i]);
        }
        unsigned char rest[sizeof lanes_] = {};
        std::memcpy(rest, at, size);
        uint64_t in[8];
        std::memcpy(in, rest, sizeof in);
        for (int i = 0; i < 8; ++i) lanes_[i] = fold(lanes_[i] ^ in[i]);
    }
    void word(uint64_t value) { lanes_[0] = fold(lanes_[0] ^ value); }
    std::string text() const {
        uint64_t a = 1, b = 2;
        for (uint64_t lane : lanes_) {
            a = fold(a ^ lane);
            b = fold(b + lane);
        }
        char out[40];
        std::snprintf(out, sizeof out, "%016llx%016llx", static_cast<unsigned long long>(a),
                      static_cast<unsigned long long>(b));
        return out;
    }

  private:
    static uint64_t fold(uint64_t x) {
        x *= 0x9e3779b97f4a7c15ull;
        return x ^ (x >> 29);
    }
    uint64_t lanes_[8] = {11, 13, 17, 19, 23, 29, 31, 37};
};

struct Kind {
    Dtype dtype;
    at::ScalarType type;
    const char* name;
};

Kind kind_of(const KvLayout& layout) {
    if (layout.int8) return {Dtype::I8, at::kChar, "int8"};
    switch (layout.dtype) {
        case at::kFloat: return {Dtype::F32, at::kFloat, "f32"};
        case at::kBFloat16: return {Dtype::BF16, at::kBFloat16, "bf16"};
        case at::kHalf: return {Dtype::F16, at::kHalf, "f16"};
        default: return {Dtype::F64, at::kDouble, "f64"};
    }
}

// The four tensors of a layer: their name, and whether they are scales.
struct Part {
    const char* name;
    int part;
    bool scales;
};
constexpr Part kParts[] = {
    {"keys", 0, false}, {"values", 1, false}, {"key_scales", 0, true}, {"value_scales", 1, true}};

std::string name_of(int64_t layer, const Part& part) {
    return "layers." + std::to_string(layer) + "." + part.name;
}

// What one page holds of it: [heads, kKvPage, head_dim], scales [heads, kKvPage].
at::Tensor stored(const KvPage& page, int64_t layer, const Part& part) {
    return (part.scales ? page.scales : page.numbers)[layer][part.part];
}

std::vector<int64_t> shape_of(const KvLayout& layout, int64_t tokens, const Part& part) {
    if (part.scales) return {layout.heads, tokens};
    return {layout.heads, tokens, layout.head_dim};
}

// What the network computes with: every parameter, and what each Linear of another kind (adapters,
// quantised) stands for. Reads all weights.
std::string hash_of(Model& network) {
    Hash hash;
    hash.bytes(network.model_type().data(), network.model_type().size());
    const double total = double(network.parameters().bytes());
    double done = 0;
    auto add = [&](const at::Tensor& given) {
        const at::Tensor t = given.detach().cpu().contiguous();
        const auto* data = static_cast<const char*>(t.const_data_ptr());
        for (size_t at = 0; at < t.nbytes(); at += kChunk) {
            interrupt::check();
            const size_t n = std::min(kChunk, t.nbytes() - at);
            hash.bytes(data + at, n);
            done += double(n);
            report_progress({"comparing weights", done / 1e6, total / 1e6, "MB", ""});
        }
    };
    for (auto& entry : network.parameters().entries()) add(entry.tensor);
    for (auto& named : network.parameters().linears()) {
        const LinearWeight& weight = *named.linear.weight();
        if (std::strcmp(weight.kind(), "plain") == 0) continue;
        hash.bytes(weight.kind(), std::strlen(weight.kind()));
        add(weight.dense_weight());
    }
    return hash.text();
}

}  // namespace

size_t save_prefix(LanguageModel& model, const std::string& path, const std::vector<int>& ids) {
    interrupt::check_entry();
    KvStore& store = *model.kv();
    Context context(model);
    if (!context.read(ids).defined()) throw Interrupted{};
    size_t tokens = 0;
    while (store.block_end(tokens) <= ids.size()) tokens = store.block_end(tokens);
    if (tokens == 0)
        throw Error("a beginning of " + std::to_string(ids.size()) + " tokens",
                    "at least " + std::to_string(store.block_end(0)) +
                        ", the first block that is read at once");
    const KvSequence& sequence = context.sequence();
    const KvLayout& layout = store.pool().layout();
    const size_t pages = tokens / kKvPage;
    const Kind kind = kind_of(layout);
    std::vector<TensorToWrite> tensors;
    const std::vector<int32_t> kept(ids.begin(), ids.begin() + tokens);
    tensors.push_back({"ids", Dtype::I32, {int64_t(tokens)}, [&kept] {
                           return std::shared_ptr<const void>(kept.data(), [](const void*) {});
                       }});
    for (int64_t layer = 0; layer < layout.layers; ++layer)
        for (const Part& part : kParts) {
            if (part.scales && !layout.int8) continue;
            tensors.push_back({name_of(layer, part), part.scales ? Dtype::F32 : kind.dtype,
                               shape_of(layout, int64_t(tokens), part), [&, layer, part] {
                                   std::vector<at::Tensor> parts;
                                   for (size_t i = 0; i < pages; ++i)
                                       parts.push_back(stored(*sequence.pages()[i], layer, part));
                                   auto all = std::make_shared<at::Tensor>(at::cat(parts, 1).cpu());
                                   return std::shared_ptr<const void>(all, all->const_data_ptr());
                               }});
        }
    write_safetensors(path, std::move(tensors),
                      {{"format", kFormat},
                       {"regime", std::to_string(context.regime())},
                       {"weights", hash_of(*model.network)}});
    return tokens;
}

size_t load_prefix(LanguageModel& model, const std::string& path) {
    interrupt::check_entry();
    KvStore& store = *model.kv();
    const Safetensors file = Safetensors::open(path);
    const auto& told = file.metadata();
    auto say = [&](const char* key) { return told.count(key) ? told.at(key) : std::string(); };
    if (say("format") != kFormat)
        throw Error(quote(path, 200) + " is no prefix", "a file that m:save_prefix wrote");
    const std::string where = "the prefix " + quote(path, 200);
    if (say("weights") != hash_of(*model.network))
        throw Error(where + " was read by other weights than those of " + model.name,
                    "the model that it was saved with", "read the text again: m:save_prefix");
    const KvLayout& layout = store.pool().layout();
    const Kind kind = kind_of(layout);
    auto need = [&](const std::string& name, Dtype dtype, const std::vector<int64_t>& shape) {
        const TensorView* view = file.find(name);
        if (!view) throw Error(where + " has no tensor " + name, "one that m:save_prefix wrote");
        if (view->dtype != dtype || view->shape != shape)
            throw Error(where + " holds " + name + " as " + dtype_name(view->dtype),
                        std::string(kind.name) + " of this model's sizes",
                        "load the model with the kv and dtype that it was saved with");
        return view;
    };
    const TensorView* told_ids = file.find("ids");
    const int64_t tokens = told_ids && told_ids->shape.size() == 1 ? told_ids->shape[0] : 0;
    std::vector<int32_t> stored_ids(size_t(tokens), 0);
    const TensorView* view = need("ids", Dtype::I32, {tokens});
    std::memcpy(stored_ids.data(), view->data, view->bytes);
    const std::vector<int> ids(stored_ids.begin(), stored_ids.end());
    if (tokens == 0 || tokens % kKvPage != 0)
        throw Error(where + " holds " + std::to_string(tokens) + " tokens",
                    "a multiple of " + std::to_string(kKvPage));
    c10::InferenceMode guard;
    KvSequence sequence = store.sequence();
    sequence.reserve(tokens);
    for (int64_t layer = 0; layer < layout.layers; ++layer)
        for (const Part& part : kParts) {
            if (part.scales && !layout.int8) continue;
            interrupt::check();
            const std::vector<int64_t> shape = shape_of(layout, tokens, part);
            view = need(name_of(layer, part), part.scales ? Dtype::F32 : kind.dtype, shape);
            at::Tensor all = at::empty(shape, part.scales ? at::kFloat : kind.type);
            std::memcpy(all.data_ptr(), view->data, view->bytes);
            for (int64_t i = 0; i < tokens / kKvPage; ++i)
                stored(*sequence.pages()[size_t(i)], layer, part)
                    .copy_(all.narrow(1, i * kKvPage, kKvPage));
        }
    sequence.advance(tokens);
    store.check_weights();
    store.keep(std::atoll(say("regime").c_str()), ids, sequence);
    return size_t(tokens);
}

}  // namespace moonlet
