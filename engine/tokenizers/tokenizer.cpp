// SPDX-License-Identifier: Apache-2.0
// A tokenizer.json becomes a Pipeline, and a text runs through it. "truncation" and "padding" of
// the file are kept but not applied: how long a sequence may be is the caller's business
// (transformers does the same unless asked).
#include "tokenizers/tokenizer.h"

#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "tokenizers/added_tokens.h"

namespace moonlet {

namespace {

// Files older than the "type" of models: told apart by their fields, as Hugging Face's library
// does.
std::string model_type(const Json& model) {
    if (model.contains("type")) return string_field(model, "type", "model");
    if (model.contains("merges")) return "BPE";
    if (model.contains("continuing_subword_prefix")) return "WordPiece";
    return model.contains("vocab") && model["vocab"].is_array() ? "Unigram" : "WordLevel";
}

template <class Kinds>
auto optional_part(const Json& json, const char* key) {
    using Part = decltype(make_part<Kinds>(json, key));
    return json.contains(key) && !json[key].is_null() ? make_part<Kinds>(json[key], key) : Part();
}

std::unique_ptr<Pipeline> make_pipeline(const Json& json) {
    if (!json.is_object()) throw Error("it is not a JSON object", "a tokenizer.json");
    if (string_field(json, "version", "tokenizer", "1.0") != "1.0")
        throw Error("version is " + quote(dump_json(json["version"], -1)), "\"1.0\"");
    auto p = std::make_unique<Pipeline>();
    const Json& model = object_field(json, "model", "tokenizer");
    std::string type = model_type(model);
    if (!ModelKinds::has(type)) {
        try {
            ModelKinds::get(type);
        } catch (const Error& e) {
            throw Error(std::string("model: ") + e.what());
        }
    }
    p->model = ModelKinds::get(type)(model, "model");
    p->normalizer = optional_part<NormalizerKinds>(json, "normalizer");
    p->pre_tokenizer = optional_part<PreTokenizerKinds>(json, "pre_tokenizer");
    p->post_processor = optional_part<PostProcessorKinds>(json, "post_processor");
    p->decoder = optional_part<DecoderKinds>(json, "decoder");
    if (json.contains("added_tokens") && !json["added_tokens"].is_null())
        p->added = AddedTokens(json["added_tokens"], *p->model, p->normalizer.get());
    p->json = json;
    return p;
}

size_t json_bytes(const Json& json) {
    size_t n = sizeof(Json);
    if (json.is_string()) n += json.get_ref<const std::string&>().capacity();
    if (json.is_object())
        for (auto& [key, value] : json.items()) n += sizeof(std::string) + json_bytes(value);
    if (json.is_array())
        for (auto& value : json) n += json_bytes(value);
    return n;
}

// Runs `text` through everything; offsets only where asked for.
std::vector<OutToken> run(const Pipeline& p, std::string_view text, bool special, bool offsets) {
    Pieces pieces;
    if (!text.empty()) {
        AlignedText& given = pieces.texts.emplace_back(text);
        pieces.list.push_back(Piece{&given, 0, given.size()});
    }
    p.added.extract(pieces, p.normalizer.get());
    if (p.pre_tokenizer) p.pre_tokenizer->apply(pieces);
    std::vector<OutToken> out;
    std::vector<Token> tokens;
    for (const Piece& given : pieces.list) {
        if (given.id >= 0) {
            out.push_back({given.id, given.source(0, given.end - given.begin), given.view()});
            continue;
        }
        tokens.clear();
        Piece piece = given;
        if (piece.bytes && p.model->takes_bytes()) {
            p.model->tokenize_bytes(piece.view(), tokens);
        } else {
            if (piece.bytes) piece = pieces.written_out(piece);
            p.model->tokenize(piece.view(), tokens);
        }
        for (const Token& t : tokens) {
            if (offsets) out.push_back({t.id, piece.source(t.begin, t.end), {}});
            else out.push_back({t.id, {0, 0}, {}});
        }
    }
    if (p.post_processor) {
        p.post_processor->apply(out, special, offsets ? &text : nullptr, [&](const OutToken& t) {
            if (t.text.data()) return t.text;
            return p.model->id_to_token(t.id).value_or(std::string_view());
        });
    }
    return out;
}

}  // namespace

std::vector<std::string> Pipeline::spellings(const std::vector<int>& ids, bool skip_special) const {
    std::vector<std::string> out;
    out.reserve(ids.size());
    for (int id : ids) {
        std::string spelled;
        if (auto* shown = added.shown(id)) spelled = *shown;
        else if (auto token = model->id_to_token(id)) spelled = *token;
        else continue;
        if (!skip_special || !added.is_special(spelled)) out.push_back(std::move(spelled));
    }
    return out;
}

std::string Pipeline::decode(std::vector<std::string> spelled) const {
    if (decoder) decoder->apply(spelled);
    std::string all;
    for (size_t i = 0; i < spelled.size(); ++i) {
        if (!decoder && i > 0) all += ' ';
        all += spelled[i];
    }
    return all;
}

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;

std::shared_ptr<Tokenizer> Tokenizer::load(const std::string& path) {
    std::string file = path;
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        file = (std::filesystem::path(path) / "tokenizer.json").string();
        if (!std::filesystem::exists(file, ignored))
            throw Error("the folder " + quote(path) + " has no tokenizer.json",
                        "a Hugging Face model folder or a tokenizer.json");
    }
    return from_json(read_json(file), file);
}

std::shared_ptr<Tokenizer> Tokenizer::from_json(const Json& json, const std::string& what) {
    std::shared_ptr<Tokenizer> tokenizer(new Tokenizer());
    try {
        tokenizer->pipeline_ = make_pipeline(json);
    } catch (const Error& e) {
        throw Error("cannot make a tokenizer of " + what + ": " + e.what());
    } catch (const nlohmann::json::exception& e) {
        throw Error("cannot make a tokenizer of " + what + ": " + e.what());
    }
    return tokenizer;
}

std::vector<int> Tokenizer::encode(std::string_view text, bool special) const {
    std::vector<int> ids;
    auto tokens = run(*pipeline_, text, special, false);
    ids.reserve(tokens.size());
    for (const OutToken& t : tokens) ids.push_back(t.id);
    return ids;
}

Encoding Tokenizer::encode_with_offsets(std::string_view text, bool special) const {
    Encoding encoding;
    for (const OutToken& t : run(*pipeline_, text, special, true)) {
        encoding.ids.push_back(t.id);
        encoding.offsets.push_back(t.offset);
    }
    return encoding;
}

std::string Tokenizer::decode(const std::vector<int>& ids, bool skip_special) const {
    return pipeline_->decode(pipeline_->spellings(ids, skip_special));
}

size_t Tokenizer::vocab_size() const {
    int highest = std::max(pipeline_->model->highest_id(), pipeline_->added.highest_id());
    return static_cast<size_t>(highest + 1);
}

std::optional<int> Tokenizer::token_to_id(const std::string& token) const {
    auto id = pipeline_->added.find(token);
    return id ? id : pipeline_->model->token_to_id(token);
}

std::string Tokenizer::id_to_token(int id) const {
    if (auto* token = pipeline_->added.token(id)) return token->content;
    if (auto token = pipeline_->model->id_to_token(id)) return std::string(*token);
    throw Error("there is no token " + std::to_string(id),
                "an id from 0 to " + std::to_string(static_cast<long long>(vocab_size()) - 1));
}

bool Tokenizer::is_special(int id) const {
    auto* token = pipeline_->added.token(id);
    return token && token->special;
}

const Json& Tokenizer::json() const { return pipeline_->json; }

void Tokenizer::save(const std::string& path) const {
    std::error_code ignored;
    std::string file = path;
    if (std::filesystem::is_directory(path, ignored))
        file = (std::filesystem::path(path) / "tokenizer.json").string();
    write_file(file, dump_json(pipeline_->json) + "\n");
}

std::string Tokenizer::describe() const {
    return pipeline_->model->name() + " · " + std::to_string(vocab_size()) + " tokens";
}

size_t Tokenizer::bytes() const {
    return sizeof(Pipeline) + pipeline_->model->memory() + json_bytes(pipeline_->json);
}

}  // namespace moonlet
