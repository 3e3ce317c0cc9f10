// SPDX-License-Identifier: Apache-2.0
// A tokenizer.json becomes a Pipeline, and a text runs through it. "truncation" and "padding" of
// the file are kept but not applied: how long a sequence may be is the caller's business
// (transformers does the same unless asked). What padding looks like is taken from there.
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

std::unique_ptr<Pipeline> make_pipeline(Json json) {
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
    p->json = std::move(json);
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

// The tokens of one text; they may view what `pieces` holds. Offsets only where asked for.
std::vector<OutToken> tokens_of(const Pipeline& p, std::string_view text, int sequence,
                                bool offsets, Pieces& pieces) {
    if (!text.empty()) {
        AlignedText& given = pieces.texts.emplace_back(text);
        pieces.list.push_back(Piece{&given, 0, given.size()});
    }
    p.added.extract(pieces, p.normalizer.get());
    if (p.pre_tokenizer) p.pre_tokenizer->apply(pieces);
    std::vector<OutToken> out;
    std::vector<Token> tokens;
    bool trims = offsets && p.post_processor;  // may look at spellings
    for (const Piece& given : pieces.list) {
        if (given.id >= 0) {
            out.push_back({given.id, given.source(0, given.end - given.begin), given.view(),
                           sequence, sequence});
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
            std::pair<size_t, size_t> offset{0, 0};
            if (offsets) offset = piece.source(t.begin, t.end);
            std::string_view spelled;
            if (trims && p.model->spelled_as_text(t.id))
                spelled = piece.view().substr(t.begin, t.end - t.begin);
            out.push_back({t.id, offset, spelled, sequence, sequence});
        }
    }
    return out;
}

PostProcessor::Wanted wanted(const Pipeline& p, bool special, bool offsets) {
    return {special, offsets, [&p](const OutToken& t) {
                if (t.text.data()) return t.text;
                return p.model->id_to_token(t.id).value_or(std::string_view());
            }};
}

// What the post-processor makes of the parts, put together.
Encoding assembled(const Pipeline& p, std::vector<OutPart> parts, const EncodeOptions& options) {
    if (p.post_processor) p.post_processor->apply(parts, wanted(p, options.special, true));
    Encoding e;
    size_t size = 0;
    for (auto& part : parts) size += part.tokens.size();
    for (auto* v : {&e.ids, &e.type_ids, &e.sequence_ids, &e.special_mask}) v->reserve(size);
    e.offsets.reserve(size);
    e.attention_mask.assign(size, 1);
    for (auto& part : parts) {
        for (const OutToken& t : part.tokens) {
            e.ids.push_back(t.id);
            e.offsets.push_back(t.offset);
            e.type_ids.push_back(t.type);
            e.sequence_ids.push_back(t.sequence);
            e.special_mask.push_back(t.sequence < 0);
        }
    }
    return e;
}

// One text or two, cut but not padded.
Encoding encoded(const Pipeline& p, std::string_view first, const std::string_view* second,
                 const EncodeOptions& options) {
    Pieces pieces[2];
    OutPart whole[2];
    size_t texts = second ? 2 : 1;
    for (size_t i = 0; i < texts; ++i) {
        std::string_view text = i == 0 ? first : *second;
        whole[i] = {tokens_of(p, text, int(i), true, pieces[i]), text, false};
    }
    size_t sizes[2] = {whole[0].tokens.size(), whole[1].tokens.size()};
    std::vector<std::pair<size_t, size_t>> ranges[2] = {{{0, sizes[0]}}, {{0, sizes[1]}}};
    if (options.truncation != Truncation::none && options.max_length) {
        size_t room = *options.max_length;
        size_t added =
            options.special && p.post_processor ? p.post_processor->added(texts == 2) : 0;
        if (added > room)
            throw Error("max_length is " + std::to_string(room),
                        "at least the " + std::to_string(added) + " special tokens");
        auto [n1, n2] =
            kept_lengths(sizes[0], sizes[1], texts == 2, room - added, options.truncation);
        size_t kept[2] = {n1, n2};
        for (size_t i = 0; i < texts; ++i)
            ranges[i] = cut_ranges(sizes[i], kept[i], options.stride, options.truncation_side);
    }
    auto part = [&](size_t i, size_t n) {
        auto at = [&](size_t index) {
            return whole[i].tokens.begin() + static_cast<std::ptrdiff_t>(index);
        };
        return OutPart{{at(ranges[i][n].first), at(ranges[i][n].second)}, whole[i].source, n > 0};
    };
    auto joined = [&](size_t n1, size_t n2) {
        std::vector<OutPart> parts;
        parts.push_back(part(0, n1));
        if (texts == 2) parts.push_back(part(1, n2));
        return assembled(p, std::move(parts), options);
    };
    // The order of the overflow: each piece of the text that comes first with every piece of the
    // other, then what stays of the first with the pieces of the other.
    Encoding e = joined(0, 0);
    size_t outer = texts == 2 && p.post_processor && p.post_processor->second_first() ? 1 : 0;
    size_t n = ranges[outer].size(), m = texts == 2 ? ranges[1 - outer].size() : 1;
    for (size_t i = 1; i <= n; ++i)  // the piece that stays comes last
        for (size_t k = i == n ? 1 : 0; k < m; ++k)
            e.overflow.push_back(outer == 0 ? joined(i % n, k) : joined(k, i % n));
    return e;
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

std::shared_ptr<Tokenizer> Tokenizer::from_json(Json json, const std::string& what) {
    std::shared_ptr<Tokenizer> tokenizer(new Tokenizer());
    try {
        tokenizer->pipeline_ = make_pipeline(std::move(json));
    } catch (const Error& e) {
        throw Error("cannot make a tokenizer of " + what + ": " + e.what());
    } catch (const nlohmann::json::exception& e) {
        throw Error("cannot make a tokenizer of " + what + ": " + e.what());
    }
    return tokenizer;
}

std::vector<int> Tokenizer::encode(std::string_view text, bool special) const {
    const Pipeline& p = *pipeline_;
    Pieces pieces;
    std::vector<OutPart> parts(1);
    parts[0] = {tokens_of(p, text, 0, false, pieces), text, false};
    if (p.post_processor) p.post_processor->apply(parts, wanted(p, special, false));
    std::vector<int> ids;
    ids.reserve(parts[0].tokens.size() + 4);
    for (const OutPart& part : parts)
        for (const OutToken& t : part.tokens) ids.push_back(t.id);
    return ids;
}

Encoding Tokenizer::encode_with_offsets(std::string_view text, bool special) const {
    EncodeOptions options;
    options.special = special;
    return encoded(*pipeline_, text, nullptr, options);
}

Encoding Tokenizer::encode_pair(std::string_view first, std::string_view second,
                                bool special) const {
    EncodeOptions options;
    options.special = special;
    return encoded(*pipeline_, first, &second, options);
}

Encoding Tokenizer::encode_full(std::string_view first, const std::string_view* second,
                                const EncodeOptions& options) const {
    Encoding e = encoded(*pipeline_, first, second, options);
    if (options.padding != PaddingTo::none)
        pad(e, padded_length(e.ids.size(), options), padding(options, second != nullptr));
    return e;
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
