// SPDX-License-Identifier: Apache-2.0
// Where no piece has a "▁" behind its first place a cut before every "▁" is forced anyway, and
// cutting there first makes words that are remembered.
#include "tokenizers/sentencepiece.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "tokenizers/derive_merges.h"
#include "tokenizers/json_parts.h"

namespace moonlet {

namespace {

namespace parts = json_parts;
using Model = SentencePieces::Model;

constexpr const char* kMark = "▁";

bool is_text(PieceType type) {
    return type == PieceType::normal || type == PieceType::user_defined ||
           type == PieceType::unused;
}

bool has_bytes(const SentencePieces& given) {
    return std::find(given.types.begin(), given.types.end(), PieceType::byte) != given.types.end();
}

Json vocabulary(const SentencePieces& given) {
    Json vocab = Json::object();
    for (size_t i = 0; i < given.pieces.size(); ++i)
        parts::put(vocab, given.pieces[i], static_cast<int>(i));
    return vocab;
}

// By score, the highest first; equal scores are equal ranks.
std::vector<uint32_t> ranks_by_score(const SentencePieces& given) {
    std::vector<uint32_t> order, ranks(given.pieces.size(), kTakesNoPart);
    for (size_t i = 0; i < ranks.size(); ++i)
        if (is_text(given.types[i])) order.push_back(static_cast<uint32_t>(i));
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return given.scores[a] > given.scores[b]; });
    uint32_t rank = 0;
    for (size_t k = 0; k < order.size(); ++k) {
        if (k > 0 && given.scores[order[k]] < given.scores[order[k - 1]]) ++rank;
        ranks[order[k]] = rank;
    }
    return ranks;
}

// The user-defined ones, the longest first.
Json symbols(const SentencePieces& given) {
    std::vector<std::string> all;
    for (size_t i = 0; i < given.pieces.size(); ++i)
        if (given.types[i] == PieceType::user_defined) all.push_back(given.pieces[i]);
    std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.size() > b.size(); });
    return all;
}

// A pattern that finds `text`.
std::string escaped(const std::string& text) {
    std::string pattern;
    for (char c : text) {
        if (c > 0 && !std::isalnum(static_cast<unsigned char>(c)) && c > ' ') pattern += '\\';
        pattern += c;
    }
    return pattern;
}

Json bpe_model(const SentencePieces& given) {
    Json model = parts::bpe();
    model["fuse_unk"] = true;
    model["byte_fallback"] = has_bytes(given);
    if (given.unknown >= 0) model["unk_token"] = given.pieces[static_cast<size_t>(given.unknown)];
    model["vocab"] = vocabulary(given);
    if (given.symbols_inside) model["whole"] = symbols(given);
    if (given.model != Model::bpe) return model;
    std::vector<uint32_t> ranks = ranks_by_score(given);
    std::vector<std::string_view> views(given.pieces.begin(), given.pieces.end());
    Json& merges = model["merges"];
    Json merge_ranks = Json::array();
    auto put = [&](std::string_view piece, size_t cut, uint32_t rank) {
        parts::put(merges,
                   parts::merge(std::string(piece.substr(0, cut)), std::string(piece.substr(cut))));
        parts::put(merge_ranks, rank);
    };
    // Of pieces with equal scores (runs of spaces) all ways to make them are listed, as Hugging
    // Face's converter does: its library, which has no equal ranks, then makes most of them, too.
    std::unordered_map<uint32_t, uint32_t> sharing;
    std::unordered_set<std::string_view> known;
    for (size_t i = 0; i < ranks.size(); ++i) {
        if (ranks[i] == kTakesNoPart) continue;
        ++sharing[ranks[i]];
        known.insert(views[i]);
    }
    bool ties = false;
    for (const DerivedMerge& m : derive_merges(views, ranks, true)) {
        std::string_view piece = views[m.token];
        uint32_t rank = ranks[m.token];
        if (sharing[rank] < 2 || piece.size() > 256) {
            put(piece, m.cut, rank);
            continue;
        }
        ties = true;
        for (size_t cut = 1; cut < piece.size(); ++cut)
            if (known.count(piece.substr(0, cut)) && known.count(piece.substr(cut)))
                put(piece, cut, rank);
    }
    if (ties) model["merge_ranks"] = std::move(merge_ranks);
    return model;
}

Json unigram_model(const SentencePieces& given) {
    Json vocab = Json::array(), hidden = Json::array();
    float best = std::numeric_limits<float>::min();  // sentencepiece begins with FLT_MIN, too
    for (size_t i = 0; i < given.pieces.size(); ++i)
        if (given.types[i] == PieceType::normal) best = std::max(best, given.scores[i]);
    for (size_t i = 0; i < given.pieces.size(); ++i) {
        double score = given.scores[i];
        if (given.types[i] == PieceType::user_defined) {  // better than any way to cut it up
            score = static_cast<float>(given.pieces[i].size()) * best - 0.1;
        }
        parts::put(vocab, Json::array({given.pieces[i], score}));
        if (given.types[i] != PieceType::normal && given.types[i] != PieceType::user_defined)
            parts::put(hidden, static_cast<int>(i));
    }
    Json model = {{"type", "Unigram"},
                  {"unk_id", nullptr},
                  {"vocab", std::move(vocab)},
                  {"byte_fallback", has_bytes(given)},
                  {"single_precision", given.single_precision},
                  {"hidden", std::move(hidden)}};
    if (given.unknown >= 0) model["unk_id"] = given.unknown;
    return model;
}

Json normalizer(const SentencePieces& given) {
    Json steps = Json::array();
    if (!given.charsmap.empty())
        steps.push_back({{"type", "Precompiled"},
                         {"precompiled_charsmap", parts::base64(given.charsmap)},
                         {"longest", true}});
    if (!given.charsmap.empty() && given.symbols_inside) steps.back()["keep"] = symbols(given);
    if (given.remove_extra_spaces) {
        steps.push_back(parts::replace_regex(R"(\A +)", ""));
        steps.push_back(parts::replace_regex(R"([ ▁]+\z)", ""));
        steps.push_back(parts::replace_regex(" {2,}", " "));
    }
    if (given.dummy_prefix && given.space_is_suffix)
        steps.push_back(parts::replace_regex(R"((?<=\p{Any})\z)", " "));
    else if (given.dummy_prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kMark}});
    steps.push_back(parts::replace(" ", kMark));
    return parts::sequence("normalizers", std::move(steps));
}

bool cuts_before_marks(const SentencePieces& given) {
    bool known = false;
    for (size_t i = 0; i < given.pieces.size(); ++i) {
        if (!is_text(given.types[i])) continue;
        const std::string& piece = given.pieces[i];
        known = known || piece == kMark;
        if (piece.rfind(kMark) != std::string::npos && piece.rfind(kMark) > 0) return false;
    }
    return known;
}

Json decoder(const SentencePieces& given) {
    Json steps = Json::array();
    if (has_bytes(given)) steps.push_back({{"type", "ByteFallback"}});
    steps.push_back({{"type", "Fuse"}});
    // Before unknown pieces are written out: the spaces of their surface stay.
    if (given.dummy_prefix || given.remove_extra_spaces)
        steps.push_back({{"type", "Strip"},
                         {"content", kMark},
                         {"start", given.remove_extra_spaces ? 1000 : 1},
                         {"stop", 0}});
    steps.push_back(parts::replace(kMark, " "));
    if (given.unknown >= 0 && !given.unknown_surface.empty())
        steps.push_back(parts::replace(given.pieces[static_cast<size_t>(given.unknown)],
                                       given.unknown_surface));
    return parts::sequence("decoders", std::move(steps));
}

}  // namespace

Json sentencepiece_json(const SentencePieces& given) {
    Json json = parts::tokenizer();
    json["normalizer"] = normalizer(given);
    Json words = {{"type", "Split"},
                  {"pattern", {{"String", kMark}}},
                  {"behavior", "MergedWithNext"},
                  {"invert", false}};
    Json cuts = Json::array();
    if (given.symbols_inside && given.model != Model::unigram) {
        std::string pattern;
        for (const Json& symbol : symbols(given))
            pattern += (pattern.empty() ? "" : "|") + escaped(symbol.get<std::string>());
        cuts.push_back(parts::split(pattern));
    }
    // Sums of floats depend on all that went before.
    bool may_cut = !given.single_precision && cuts_before_marks(given);
    if (may_cut) cuts.push_back(words);
    if (!cuts.empty()) json["pre_tokenizer"] = parts::sequence("pretokenizers", cuts);
    json["decoder"] = decoder(given);
    if (given.model == Model::unigram) {
        json["model"] = unigram_model(given);
    } else if (given.model == Model::word) {
        throw Error("it is a sentencepiece model of whole words", "unigram, bpe or char");
    } else {
        json["model"] = bpe_model(given);
    }
    return json;
}

Json tokenizer_json_from_sentencepiece(std::string_view bytes, const std::string& what) {
    SentencePieces given = read_sentencepiece(bytes, what);
    given.single_precision = given.model == Model::unigram;
    bool symbols = std::find(given.types.begin(), given.types.end(), PieceType::user_defined) !=
                   given.types.end();
    given.symbols_inside = symbols && (given.dummy_prefix || given.remove_extra_spaces);
    Json json = sentencepiece_json(given);
    for (size_t i = 0; i < given.pieces.size(); ++i) {
        bool special = given.types[i] == PieceType::control || given.types[i] == PieceType::unknown;
        bool added = !given.symbols_inside && given.types[i] == PieceType::user_defined;
        if (special || added)
            parts::put(json["added_tokens"],
                       parts::added_token(static_cast<int>(i), given.pieces[i], special));
    }
    return json;
}

}  // namespace moonlet
