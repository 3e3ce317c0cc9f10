// SPDX-License-Identifier: Apache-2.0
// GGUF files: what we write against what llama.cpp's converter and quantiser write of the same
// models (scripts/golden/gguf_models.py), and what we read against transformers' numbers.
#include <catch2/catch.hpp>
#include <cstdio>
#include <functional>

#include "core/error.h"
#include "core/files.h"
#include "core/sha256.h"
#include "formats/gguf.h"
#include "formats/gguf_write.h"
#include "support.h"

using namespace moonlet;
using namespace moonlet::test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr double kLogitLimit = 2e-4;

// Every model that llama.cpp's converter takes, by the name of its folder in golden/models.
std::vector<std::string> converted_models() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(golden("gguf")))
        if (entry.path().extension() == ".json" && entry.path().stem() != "types")
            names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::string written(Model& model, const std::string& name, const std::string& type) {
    std::string path = (scratch() / (name + "-" + type + ".gguf")).string();
    save_gguf(model, path, type, {{"tokenizer.ggml.model", GgufType::STRING, "none"}});
    return path;
}

// Settings that llama.cpp's converter passes over in silence and we refuse, saying which.
bool refused(Model& model, const std::string& name) {
    try {
        written(model, name, "f32");
        return false;
    } catch (const Error& e) {
        std::printf("%-24s refused: %.100s\n", name.c_str(), e.what());
        CHECK_THAT(e.what(), Contains("llama.cpp") && Contains("Hugging Face folder"));
        return true;
    }
}

at::Tensor answer(Model& model, const std::map<std::string, at::Tensor>& numbers) {
    at::NoGradGuard no_grad;
    ModelInput input;
    input.ids = numbers.at("ids");
    if (numbers.count("positions")) input.positions = numbers.at("positions");
    if (numbers.count("types")) input.token_type_ids = numbers.at("types");
    at::Tensor hidden = model.hidden(input);
    return model.causal() ? model.logits(hidden) : hidden;
}

// What its converter leaves out: BERT's pooler, factors of longrope for llama, and a tied head
// where its network asks for one.
bool only_ours(const std::string& tensor) {
    return tensor.rfind("cls.", 0) == 0 || tensor.rfind("rope_factors_", 0) == 0 ||
           tensor == "output.weight";
}

bool has_factor(const Json& config) {
    return config.contains("rope_parameters") && config["rope_parameters"].contains("factor");
}

std::string message(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& e) {
        return e.what();
    }
    return "no error";
}

// A GGUF file of these entries and, unless told, one small tensor.
std::string small_file(const std::string& name, std::vector<GgufEntry> entries,
                       bool tensor = true) {
    static const std::vector<float> values(8, 1.f);
    std::string path = (scratch() / name).string();
    std::vector<GgufTensorToWrite> tensors;
    if (tensor)
        tensors.push_back({"token_embd.weight", GgmlType::F32, {2, 4}, [] {
                               return std::shared_ptr<const void>(values.data(),
                                                                  [](const void*) {});
                           }});
    write_gguf(path, entries, tensors);
    return path;
}

}  // namespace

TEST_CASE("what we write is what llama.cpp's converter writes") {
    int compared = 0;
    for (const std::string& name : converted_models()) {
        auto model = load_model(folder_of(name), {std::nullopt, "cpu"});
        if (refused(*model, name)) continue;
        ++compared;
        Json expected = read_json(golden("gguf/" + name + ".json").string());
        for (const std::string type : {"f32", "bf16", "q8_0"}) {
            INFO(name << " as " << type);
            Gguf file = Gguf::open(written(*model, name, type));
            for (const auto& [key, value] : expected[type]["metadata"].items()) {
                INFO(key);
                // The converter takes longrope's from the lengths, whatever factor is given.
                if (key == "phi3.rope.scaling.attn_factor" && has_factor(model->config())) continue;
                REQUIRE(file.find(key));
                const Json ours = file.get(key).json(1000);
                // Keys are numbers in f32 there, in the shortest decimal or in full here.
                if (value.is_number_float())
                    CHECK(float(ours.get<double>()) == float(value.get<double>()));
                else CHECK(ours == value);
            }
            size_t common = 0;
            for (const GgufTensor& tensor : file.tensors()) {
                auto row = expected[type]["tensors"].find(tensor.name);
                INFO(tensor.name);
                if (row == expected[type]["tensors"].end()) {
                    CHECK(only_ours(tensor.name));
                    continue;
                }
                ++common;
                CHECK(Json(tensor.shape) == (*row)[1]);
                if ((*row)[0] == "MXFP4") continue;  // kept there, of the type asked for here
                CHECK(ggml_type_name(tensor.type) == (*row)[0].get<std::string>());
                const std::string bytes(reinterpret_cast<const char*>(tensor.data), tensor.bytes);
                if (tensor.name != "rope_freqs.weight") CHECK(sha256(bytes) == (*row)[2]);
            }
            CHECK(common == expected[type]["tensors"].size());
        }
    }
    CHECK(compared >= 26);
}

TEST_CASE("what we write reads as the same network") {
    std::printf("%-24s %10s %10s\n", "from GGUF", "f32", "q8_0");
    for (const std::string& name : converted_models()) {
        INFO(name);
        auto numbers = numbers_of(name);
        auto model = load_model(folder_of(name), {at::kFloat, "cpu"});
        if (refused(*model, name)) continue;
        // What a padding token in the text itself adds has no place in the file.
        const bool after_padding = name.find("roberta") != std::string::npos;
        const int64_t padding = after_padding ? model->config()["pad_token_id"].get<int64_t>() : -1;
        numbers["ids"] = numbers["ids"].masked_fill(numbers["ids"] == padding, 0);
        auto again = load_model(written(*model, name, "f32"), {std::nullopt, "cpu"});
        CHECK(again->model_type() == model->model_type());
        CHECK(again->parameters().dtype() == at::kFloat);
        const double plain = difference(answer(*model, numbers), answer(*again, numbers));
        CHECK(plain <= 1e-5);
        double quantised = 0;
        if (fs::exists(golden("gguf/" + name + ".safetensors"))) {
            auto file = Safetensors::open(golden("gguf/" + name + ".safetensors").string());
            auto q8 = load_model(written(*model, name, "q8_0"), {at::kFloat, "cpu"});
            quantised = difference(answer(*q8, numbers), tensor_of(*file.find("q8_0.logits")));
            CHECK(quantised <= kLogitLimit);
        }
        std::printf("%-24s %10.1e %10.1e\n", name.c_str(), plain, quantised);

        // And back again: the very bits, but for what llama.cpp has no place for.
        std::string folder = (scratch() / (name + "-back")).string();
        save_model(*again, folder);
        auto plain_name = [](std::string name) {  // as BERT's norms are called today
            for (auto [old, now] : {std::pair{".gamma", ".weight"}, {".beta", ".bias"}})
                if (name.ends_with(old)) name = name.substr(0, name.rfind('.')) + now;
            return name;
        };
        std::map<std::string, at::Tensor> before;
        for (const auto& entry : model->parameters().entries())
            before[plain_name(entry.name)] = entry.tensor;
        size_t same = 0;
        auto back = load_model(folder, {std::nullopt, "cpu"});
        for (const auto& entry : back->parameters().entries())
            for (const std::string prefix :
                 {"", "model.", "transformer.", "bert.", "roberta.", "distilbert.", "gpt_neox."})
                if (auto old = before.find(prefix + entry.name); old != before.end()) {
                    INFO(entry.name);
                    ++same;
                    const double limit = name.rfind("gemma", 0) == 0 ? 1e-7 : 0;  // 1 + w - 1
                    // RoBERTa's positions begin behind rows that the file leaves out.
                    const bool table = entry.name.find("position_emb") != std::string::npos;
                    const int64_t from = table ? padding + 1 : 0;
                    CHECK(difference(entry.tensor.slice(0, from), old->second.slice(0, from)) <=
                          limit);
                    break;
                }
        CHECK(same + 2 >= back->parameters().entries().size());
    }
}

TEST_CASE("the converter's file of MXFP4 experts gives transformers' numbers") {
    auto model = load_model(golden("gguf/gpt_oss-mxfp4.gguf").string(), {std::nullopt, "cpu"});
    CHECK(model->model_type() == "gpt_oss");
    CHECK(model->parameters().dtype() == at::kFloat);
    auto numbers = numbers_of("gpt_oss-mxfp4");
    CHECK(difference(answer(*model, numbers), numbers.at("logits")) <= 1e-4);
}

TEST_CASE("the types of a quantised file are those llama.cpp chooses") {
    Json expected = read_json(golden("gguf/types.json").string());
    Json config = {{"model_type", "llama"},        {"vocab_size", 300},
                   {"hidden_size", 256},           {"intermediate_size", 512},
                   {"num_hidden_layers", 9},       {"num_attention_heads", 4},
                   {"num_key_value_heads", 2},     {"tie_word_embeddings", false},
                   {"max_position_embeddings", 64}};
    auto model = new_model(config, 1, at::kFloat, "cpu");
    for (const std::string type : {"q8_0", "q4_0", "q4_1", "q4_k", "q6_k"}) {
        Gguf file = Gguf::open(written(*model, "types", type));
        CHECK(file.tensors().size() == expected[type].size());
        for (const GgufTensor& tensor : file.tensors()) {
            INFO(type << " " << tensor.name);
            CHECK(ggml_type_name(tensor.type) == expected[type].value(tensor.name, ""));
        }
        auto again =
            load_model((scratch() / ("types-" + type + ".gguf")).string(), {std::nullopt, "cpu"});
        ModelInput input;
        input.ids = at::arange(12, at::kLong).unsqueeze(0);
        at::NoGradGuard no_grad;
        at::Tensor a = model->logits(model->hidden(input)), b = again->logits(again->hidden(input));
        CHECK(difference(a, b) < 0.35 * a.abs().max().item<double>());
        auto half =
            load_model((scratch() / ("types-" + type + ".gguf")).string(), {at::kBFloat16, "cpu"});
        CHECK(half->parameters().dtype() == at::kBFloat16);
    }
}

TEST_CASE("a model in shards is one model") {
    auto model = load_model(folder_of("llama-gqa"), {std::nullopt, "cpu"});
    Gguf whole = Gguf::open(written(*model, "llama-gqa", "f32"));
    std::vector<GgufEntry> first;
    for (const auto& [key, value] : whole.metadata())
        if (value.type() != GgufType::ARRAY) first.push_back({key, value.type(), value.json(0)});
    const std::string stem = (scratch() / "sharded").string();
    for (int shard = 0; shard < 2; ++shard) {
        std::vector<GgufEntry> entries = shard == 0 ? first : std::vector<GgufEntry>();
        entries.push_back({"split.no", GgufType::U16, shard});
        entries.push_back({"split.count", GgufType::U16, 2});
        std::vector<GgufTensorToWrite> tensors;
        for (size_t i = size_t(shard); i < whole.tensors().size(); i += 2) {
            const GgufTensor& t = whole.tensors()[i];
            tensors.push_back({t.name, t.type, t.shape,
                               [t] { return std::shared_ptr<const void>(t.owner, t.data); }});
        }
        write_gguf(stem + "-0000" + std::to_string(shard + 1) + "-of-00002.gguf", entries, tensors);
    }
    auto numbers = numbers_of("llama-gqa");
    for (const char* shard : {"-00001-of-00002.gguf", "-00002-of-00002.gguf"})
        CHECK(difference(answer(*load_model(stem + shard, {std::nullopt, "cpu"}), numbers),
                         numbers.at("logits")) <= 1e-4);
    fs::remove(stem + "-00002-of-00002.gguf");
    CHECK_THAT(message([&] { load_model(stem + "-00001-of-00002.gguf"); }),
               Contains("00002-of-00002"));
}

TEST_CASE("a GGUF that is no model we have says so") {
    GgufEntry rwkv{"general.architecture", GgufType::STRING, "rwkv7"};
    CHECK_THAT(message([&] { load_model(small_file("rwkv.gguf", {rwkv})); }),
               Contains("rwkv7") && Contains("llama") && Contains("bert"));
    GgufEntry llama{"general.architecture", GgufType::STRING, "llama"};
    CHECK_THAT(message([&] { load_model(small_file("vocab.gguf", {llama}, false)); }),
               Contains("tokenizers.load"));
    CHECK_THAT(message([&] { load_model(small_file("keys.gguf", {llama})); }),
               Contains("llama.block_count"));
    GgufEntry adapter{"general.type", GgufType::STRING, "adapter"};
    CHECK_THAT(message([&] {
                   load_model(small_file("lora.gguf", {llama, adapter}));
               }),
               Contains("adapter") && Contains("a model"));
    CHECK_THAT(message([&] { load_model("/nowhere/x.gguf"); }), Contains("/nowhere/x.gguf"));
    // A tensor that no row knows is not passed over.
    auto model = load_model(folder_of("llama-gqa"), {std::nullopt, "cpu"});
    Gguf whole = Gguf::open(written(*model, "odd", "f32"));
    std::vector<GgufEntry> entries;
    for (const auto& [key, value] : whole.metadata())
        entries.push_back({key, value.type(), value.json(0)});
    std::vector<GgufTensorToWrite> tensors;
    for (const GgufTensor& t : whole.tensors())
        tensors.push_back({t.name == "blk.0.ffn_up.weight" ? "blk.0.ffn_sideways.weight" : t.name,
                           t.type, t.shape,
                           [t] { return std::shared_ptr<const void>(t.owner, t.data); }});
    std::string path = (scratch() / "odd-name.gguf").string();
    write_gguf(path, entries, tensors);
    CHECK_THAT(message([&] { load_model(path); }), Contains("up_proj"));
}

TEST_CASE("what GGUF cannot say is refused before anything is written") {
    std::string path = (scratch() / "refused.gguf").string();
    auto gpt2 =
        new_model({{"model_type", "gpt2"}, {"activation_function", "gelu"}}, 1, at::kFloat, "cpu");
    CHECK_THAT(message([&] { save_gguf(*gpt2, path, "f32", {}); }),
               Contains("activation_function") && Contains("gelu"));
    auto llama = new_model({{"model_type", "llama"}}, 1, at::kFloat, "cpu");
    CHECK_THAT(message([&] { save_gguf(*llama, path, "q5_k", {}); }),
               Contains("q5_k") && Contains("q4_k"));
    llama->add_classifier({"a", "b"}, "", 1);
    CHECK_THAT(message([&] { save_gguf(*llama, path, "f32", {}); }), Contains("score.weight"));
    CHECK(!fs::exists(path));
}

TEST_CASE("a folder above the limit is written in shards with their index") {
    auto model = load_model(folder_of("gpt2-tied"), {std::nullopt, "cpu"});
    std::string folder = (scratch() / "shards").string();
    save_model(*model, folder);
    CHECK(fs::exists(folder + "/model.safetensors"));
    SaveOptions options;
    options.shard_bytes = 30'000;
    save_model(*model, folder, options);
    CHECK(!fs::exists(folder + "/model.safetensors"));
    Json index = read_json(folder + "/model.safetensors.index.json");
    CHECK(index["weight_map"].size() == model->parameters().entries().size());
    auto again = load_model(folder, {std::nullopt, "cpu"});
    for (const auto& entry : model->parameters().entries())
        CHECK(
            at::equal(entry.tensor, again->parameters().tensor(entry.name, entry.tensor.sizes())));
    options.dtype = at::kBFloat16;
    options.shard_bytes = 1'000'000;
    save_model(*model, folder, options);
    CHECK(!fs::exists(folder + "/model.safetensors.index.json"));
    CHECK(load_model(folder, {std::nullopt, "cpu"})->parameters().dtype() == at::kBFloat16);
}
