// SPDX-License-Identifier: Apache-2.0
// A classification head over a model, as GPT-1 was fine-tuned: rows {text =, label =}, one label of
// a fixed set for each text, cross-entropy over the head's scores. A model without a head gets a
// new one (Classifier in models/classifier.h); one that has it is trained on. What else learns is
// `layers`: the head alone, the last n layers with it, or all. Labels are texts; numbers and
// booleans are taken as they are written. It knows no family: a layer is what its name counts.
#include <algorithm>
#include <optional>

#include "core/error.h"
#include "generation/text_batches.h"
#include "ops/grad.h"
#include "trainers/batches.h"
#include "trainers/optimizer.h"
#include "trainers/rows.h"
#include "trainers/trainer.h"

namespace moonlet {

namespace {

const OptionTable& rows() {
    static const OptionTable table = {
        {"layers", "string|integer", "\"all\"",
         "what learns besides the head: \"head\" (nothing), n (the last n layers), \"all\""},
        {"labels", "string[]", "",
         "the set, in the head's order; absent: those of the data, sorted"},
        {"pooling", "\"cls\"|\"mean\"|\"max\"|\"lasttoken\"", "",
         "which states a new head reads; absent: mean, or lasttoken of a decoder"},
        {"text_column", "string", "\"text\"", "where the text stands"},
        {"label_column", "string", "\"label\"", "where the label stands"},
        {"token_dropout", "number", "0",
         "part of each text's tokens that is hidden while training; against learning by heart"},
        {"epochs", "integer", "3", "passes over the data"},
        {"packing", "boolean", "false", "one text a row, always"},
    };
    return table;
}

std::string label_text(const Json& value, const std::string& where) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
    if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
    if (value.is_number()) {
        const double number = value.get<double>();
        return number == double(int64_t(number)) ? std::to_string(int64_t(number)) : value.dump();
    }
    throw Error(where + ": its label is " + quote(value.dump(), 60), "a text, number or boolean");
}

const Json& required(const Json& row, const std::string& name, const std::string& where) {
    if (const Json* found = column(row, name.c_str())) return *found;
    throw Error(where + " has no column " + quote(name) + ": it " + row_shape(row),
                "rows {text =, label =}", "name yours: text_column =, label_column =");
}

// A column input_ids as it is, else the text with its special tokens, cut to `most` ids.
std::vector<int> ids_of(const LanguageModel& model, const Json& row, const std::string& name,
                        size_t most, const std::string& where) {
    std::vector<int> ids;
    if (const Json* given = column(row, "input_ids")) {
        ids = given_ids(*given, where);
        if (ids.size() > most) ids.resize(most);
    } else {
        const Json& text = required(row, name, where);
        if (!text.is_string())
            throw Error(where + ": " + name + " is a " + text.type_name(), "a text");
        ids = encode_within(model.need_tokenizer(), text.get_ref<const std::string&>(), most);
    }
    if (ids.empty()) ids = {std::max(0, model.generation_config.pad_token_id)};
    return ids;
}

// "model.layers.3.mlp…", "h.3.attn…", "encoder.layer.3…" -> 3; nothing for what is in no layer.
std::optional<int> layer_of(const std::string& name) {
    for (const char* mark : {"layers.", "layer.", "h."}) {
        size_t at = name.find(mark);
        if (at == std::string::npos || (at > 0 && name[at - 1] != '.')) continue;
        at += std::string(mark).size();
        size_t end = name.find_first_not_of("0123456789", at);
        if (end != at && end != std::string::npos) return std::stoi(name.substr(at, end - at));
    }
    return {};
}

// 0 = the head alone, -1 = everything.
int trained_layers(const Json& own, int64_t layers) {
    const Json given = own.value("layers", Json("all"));
    if (given == "all") return -1;
    if (given == "head") return 0;
    if (given.is_number() && given.get<double>() >= 0 &&
        given.get<double>() == double(given.get<int>())) {
        if (given.get<int>() <= layers) return given.get<int>();
        throw Error("trainers.classify: layers = " + given.dump(),
                    "at most the model's " + std::to_string(layers));
    }
    throw Error("trainers.classify: layers = " + given.dump(),
                "\"head\", \"all\" or a number of layers");
}

class Classify : public Objective {
  public:
    std::vector<Sequence> sequences(const LanguageModel& model, const Rows& rows,
                                    const TrainerOptions& options) override {
        const std::string text = options.own.value("text_column", "text");
        const std::string label = options.own.value("label_column", "label");
        trained_layers(options.own, model.network->num_hidden_layers());  // its error first
        auto where = [](size_t i) { return row_name("classify", i); };
        std::vector<std::string> given;
        for (size_t i = 0; i < rows.size(); ++i)
            given.push_back(label_text(required(rows[i], label, where(i)), where(i)));
        if (labels_.empty()) choose_labels(model, options, given);
        size_t most = longest_text(model);
        most = most ? std::min(most, size_t(options.max_length)) : size_t(options.max_length);
        std::vector<Sequence> result;
        for_each_row(rows.size(), [&](size_t i) {
            auto index = std::find(labels_.begin(), labels_.end(), given[i]);
            if (index == labels_.end())
                throw Error(where(i) + ": label " + quote(given[i], 60), "one of " + known());
            Sequence s;
            s.ids = ids_of(model, rows[i], text, most, where(i));
            s.labels = {double(index - labels_.begin())};
            result.push_back(std::move(s));
        });
        return result;
    }

    Layout layout() const override { return Layout::labelled; }
    bool needs_decoder() const override { return false; }

    void prepare(LanguageModel& model, const TrainerOptions& options,
                 std::vector<NamedTensor>& parameters) override {
        Model& network = *model.network;
        seed_ = options.seed;
        token_dropout_ = options.own.value("token_dropout", 0.0);
        if (!(token_dropout_ >= 0 && token_dropout_ < 1))
            throw Error("trainers.classify: token_dropout = " + std::to_string(token_dropout_),
                        "0 or more, below 1");
        if (!network.classifier())
            network.add_classifier(labels_, options.own.value("pooling", ""), options.seed);
        const int layers = trained_layers(options.own, network.num_hidden_layers());
        if (options.tune == "full") {
            const int first = int(network.num_hidden_layers()) - layers;
            std::erase_if(parameters, [&](const NamedTensor& p) {
                if (layers < 0) return unused_head(p.name);
                auto layer = layer_of(p.name);
                const bool last_norm = layers > 0 && !layer && p.tensor.dim() == 1 &&
                                       p.name.find("embed") == std::string::npos;
                return unused_head(p.name) || !((layer && *layer >= first) || last_norm);
            });
        }
        for (const Parameters::Entry& entry : network.parameters().entries())
            if (is_classifier_name(entry.name) &&
                std::none_of(parameters.begin(), parameters.end(),
                             [&](const NamedTensor& p) { return p.name == entry.name; }))
                parameters.push_back({entry.name, entry.tensor});
    }

    at::Tensor loss(LanguageModel& model, const MicroBatch& batch) override {
        MicroBatch seen = batch;
        if (token_dropout_ > 0) seen.mask = hide(batch);
        at::Tensor scores = scores_of(model, seen);
        return at::cross_entropy_loss(scores, wanted(batch, scores), {}, at::Reduction::Sum);
    }

    Score score(LanguageModel& model, const MicroBatch& batch) override {
        if (!model.network->classifier())
            throw Error("trainers.classify: evaluated before its head is there", "a trained head",
                        "take a step first");
        at::NoGradGuard no_grad;
        at::Tensor scores = scores_of(model, batch), labels = wanted(batch, scores);
        Score result;
        result.loss = at::cross_entropy_loss(scores, labels, {}, at::Reduction::Sum).item<double>();
        result.counted = labels.size(0);
        result.correct = (scores.argmax(1) == labels).sum().item<int64_t>();
        return result;
    }

  private:
    void choose_labels(const LanguageModel& model, const TrainerOptions& options,
                       const std::vector<std::string>& given) {
        if (const Classifier* head = model.network->classifier()) labels_ = head->labels;
        else if (options.own.contains("labels") && !options.own["labels"].is_null())
            for (const Json& label : options.own["labels"])
                labels_.push_back(label_text(label, "trainers.classify: labels"));
        else {
            labels_ = given;
            std::sort(labels_.begin(), labels_.end());
            labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
        }
        if (labels_.size() < 2)
            throw Error("trainers.classify: all rows have the label " + quote(known(), 60),
                        "at least two labels", "labels = {…} names those that may come");
    }

    std::string known() const {
        std::string text;
        for (size_t i = 0; i < labels_.size() && i < 12; ++i)
            text += (i ? ", " : "") + quote(labels_[i], 40);
        if (labels_.size() > 12) text += ", … (" + std::to_string(labels_.size()) + " labels)";
        return text;
    }

    // A language-model head, by the names families have for it.
    static bool unused_head(const std::string& name) {
        return name.rfind("lm_head.", 0) == 0 || name.rfind("embed_out.", 0) == 0 ||
               name.rfind("cls.", 0) == 0 ||
               name.rfind("vocab_", 0) == 0;
    }

    // The mask without the hidden tokens. What is hidden follows from the seed and the batch, so
    // that a resumed training hides the same; batches differ from epoch to epoch.
    at::Tensor hide(const MicroBatch& batch) const {
        const int64_t* ids = batch.ids.const_data_ptr<int64_t>();
        uint64_t mixed = seed_ ^ 0xcbf29ce484222325u;
        for (int64_t i = 0; i < batch.ids.numel(); ++i)
            mixed = (mixed ^ uint64_t(ids[i])) * 0x100000001b3u;
        Random random(mixed);
        at::Tensor mask = batch.mask.clone();
        bool* kept = mask.data_ptr<bool>();
        for (int64_t i = 0; i < mask.numel(); ++i)
            if (kept[i] && random.uniform() < token_dropout_) kept[i] = false;
        at::Tensor empty = mask.any(1, true).logical_not();  // a text is never hidden as a whole
        return mask.logical_or(empty.logical_and(batch.mask));
    }

    static at::Tensor scores_of(LanguageModel& model, const MicroBatch& batch) {
        at::Tensor states = model.network->hidden(batch.input());
        return (*model.network->classifier())(states, batch.mask.to(states.device()));
    }
    static at::Tensor wanted(const MicroBatch& batch, const at::Tensor& scores) {
        return batch.labels.select(1, 0).to(scores.device(), at::kLong);
    }

    std::vector<std::string> labels_;
    double token_dropout_ = 0;
    uint64_t seed_ = 0;
};

std::unique_ptr<Objective> make() { return std::make_unique<Classify>(); }

}  // namespace

MOONLET_OBJECTIVE(classify, make, "a classification head on rows {text =, label =}", rows)

}  // namespace moonlet
