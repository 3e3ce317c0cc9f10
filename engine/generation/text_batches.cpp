// SPDX-License-Identifier: Apache-2.0
#include "generation/text_batches.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"

namespace moonlet {

std::vector<int> encode_within(const Tokenizer& tokenizer, const std::string& text, size_t most) {
    std::vector<int> ids = tokenizer.encode(text, true);
    if (most == 0 || ids.size() <= most) return ids;
    std::vector<int> own = tokenizer.encode(text, false);
    size_t around = ids.size() - std::min(ids.size(), own.size());
    for (size_t before = 0; before <= around && around < most; ++before) {
        if (!std::equal(own.begin(), own.end(), ids.begin() + before)) continue;
        size_t keep = most - around;
        ids.erase(ids.begin() + before + keep, ids.begin() + before + own.size());
        return ids;
    }
    ids.resize(most);
    return ids;
}

size_t longest_text(const LanguageModel& model) {
    double most = std::max(model.max_seq_length, 0);
    const Json& told = model.tokenizer_config;  // 1e30 there means no limit
    if (most == 0 && told.is_object() && told.contains("model_max_length") &&
        told["model_max_length"].is_number() && told["model_max_length"].get<double>() >= 1)
        most = told["model_max_length"].get<double>();
    if (double context = double(model.network->max_positions()); context > 0)
        most = most > 0 ? std::min(most, context) : context;
    return most < 1e9 ? static_cast<size_t>(most) : 0;
}

namespace {

void check_batch(int batch_size) {
    interrupt::check_entry();
    if (batch_size < 1) throw Error("batch_size " + std::to_string(batch_size), "at least 1");
}

}  // namespace

void for_each_batch(LanguageModel& model, const std::vector<TextIds>& texts, int batch_size,
                    const char* what, const UseBatch& use) {
    check_batch(batch_size);
    Model& network = *model.network;
    c10::InferenceMode guard;

    std::vector<size_t> order(texts.size());
    std::iota(order.begin(), order.end(), size_t{0});
    // The longest first: if memory does not suffice, that is known at once.
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return texts[a].ids.size() > texts[b].ids.size(); });

    const at::Device device = network.parameters().device();
    const int pad = std::max(model.generation_config.pad_token_id, 0);
    for (size_t begin = 0; begin < order.size(); begin += batch_size) {
        interrupt::check();
        size_t end = std::min(begin + batch_size, order.size());
        size_t longest = texts[order[begin]].ids.size();
        if (longest == 0) break;  // and so are all that follow
        auto rows = static_cast<int64_t>(end - begin), columns = static_cast<int64_t>(longest);
        at::Tensor batch = at::full({rows, columns}, pad, at::kLong);
        at::Tensor mask = at::zeros({rows, columns}, at::kBool);
        at::Tensor types = at::zeros({rows, columns}, at::kLong);
        bool typed = false;
        TextBatch result;
        for (int64_t row = 0; row < rows; ++row) {
            const TextIds& text = texts[order[begin + row]];
            std::copy(text.ids.begin(), text.ids.end(), batch.data_ptr<int64_t>() + row * columns);
            std::copy(text.types.begin(), text.types.end(),
                      types.data_ptr<int64_t>() + row * columns);
            typed |= !text.types.empty();
            std::fill_n(mask.data_ptr<bool>() + row * columns, text.ids.size(), true);
            if (!text.ids.empty()) result.texts.push_back(order[begin + row]);
        }
        const int64_t used = static_cast<int64_t>(result.texts.size());  // empty ones stand last
        ModelInput input;
        input.ids = batch.narrow(0, 0, used).to(device);
        input.mask = result.mask = mask.narrow(0, 0, used).to(device);
        if (typed) input.token_type_ids = types.narrow(0, 0, used).to(device);
        result.states = network.hidden(input);
        use(result);
        report_progress({what, double(end), double(order.size()), "texts", ""});
    }
}

void for_each_batch(LanguageModel& model, const std::vector<std::string>& texts, int batch_size,
                    const char* what, const UseBatch& use) {
    check_batch(batch_size);
    const Tokenizer& tokenizer = model.need_tokenizer();
    const size_t most = longest_text(model);
    std::vector<TextIds> given;
    for (auto& text : texts) given.push_back({encode_within(tokenizer, text, most), {}});
    for_each_batch(model, given, batch_size, what, use);
}

}  // namespace moonlet
