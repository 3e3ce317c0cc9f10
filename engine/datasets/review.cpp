// SPDX-License-Identifier: Apache-2.0
// One pass over the rows of each split keeps hashes and numbers, never texts; near duplicates are
// read again to be measured.
#include "datasets/review.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "datasets/near_duplicates.h"
#include "datasets/review_rows.h"
#include "datasets/ticker.h"

namespace moonlet {

namespace {

// Rows whose signatures are kept (256 bytes each) for near duplicates.
constexpr size_t kNearRows = 1000000;

struct TextHash {
    uint64_t a, b;
    bool operator==(const TextHash& o) const { return a == o.a && b == o.b; }
};
struct Hasher {
    size_t operator()(const TextHash& h) const { return size_t(h.a); }
};

TextHash hash_text(const std::string& text) {
    uint64_t a = 14695981039346656037ull, b = 1099511628211ull;
    for (unsigned char c : text) {
        a = (a ^ c) * 1099511628211ull;
        b = (b + c) * 6364136223846793005ull + 1442695040888963407ull;
    }
    return {a, b};
}

// Everything about one split that comparing needs.
struct Digest {
    std::vector<TextHash> texts, asked;
    std::vector<Signature> near_texts, near_asked;
};

Json summary(std::vector<size_t> lengths) {
    if (lengths.empty()) return Json::object();
    size_t longest = size_t(std::max_element(lengths.begin(), lengths.end()) - lengths.begin());
    double total = 0;
    for (size_t n : lengths) total += double(n);
    std::sort(lengths.begin(), lengths.end());
    auto at = [&](double share) {
        return lengths[size_t(share * double(lengths.size() - 1) + 0.5)];
    };
    return {{"min", lengths.front()}, {"mean", total / double(lengths.size())},
            {"median", at(0.5)},      {"p95", at(0.95)},
            {"max", lengths.back()},  {"total", total},
            {"longest", longest + 1}};
}

// Rows in order of first appearance of their text, those alone left out.
Json duplicate_groups(const std::vector<TextHash>& texts, size_t& extra) {
    std::unordered_map<TextHash, size_t, Hasher> places;
    std::vector<Json> groups;
    for (size_t i = 0; i < texts.size(); ++i) {
        auto [at, fresh] = places.emplace(texts[i], groups.size());
        if (fresh) groups.push_back(Json::array());
        groups[at->second].push_back(i + 1);
    }
    Json result = Json::array();
    for (Json& group : groups) {
        if (group.size() < 2) continue;
        extra += group.size() - 1;
        result.push_back(std::move(group));
    }
    return result;
}

// Counts of the values of one column.
class LabelCount {
  public:
    void add(const Json& value) {
        std::string name = dump_json(value, -1);
        auto [at, fresh] = places_.emplace(name, values_.size());
        if (fresh) values_.push_back({value, 0});
        ++values_[at->second].second;
        ++total_;
    }
    Json report(const std::string& column) const {
        auto sorted = values_;
        std::stable_sort(sorted.begin(), sorted.end(),
                         [](auto& a, auto& b) { return a.second > b.second; });
        Json values = Json::array();
        double entropy = 0;
        for (auto& [value, rows] : sorted) {
            double share = double(rows) / double(total_);
            entropy -= share * std::log(share);
            values.push_back({{"value", value}, {"rows", rows}, {"share", share}});
        }
        double most = std::log(double(sorted.size()));
        return {{"column", column},
                {"values", values},
                {"balance", sorted.size() < 2 ? 0.0 : entropy / most}};
    }

  private:
    std::vector<std::pair<Json, size_t>> values_;
    std::unordered_map<std::string, size_t> places_;
    size_t total_ = 0;
};

bool is_empty(const Json& value) {
    return value.is_null() ||
           (value.is_string() &&
            value.get_ref<const std::string&>().find_first_not_of(" \t\r\n") == std::string::npos);
}

template <class Use>
void each_row(Dataset& data, const std::string& what, Use use) {
    Ticker ticker(what, "rows");
    for (size_t i = 0; data.has(i); ++i) {
        ticker.turn(double(i), [&] { return data.estimated_size(); });
        use(i, data.row(i));
    }
}

void digest_row(Digest& digest, const RowTexts& texts, const ReviewOptions& options) {
    digest.texts.push_back(hash_text(collapsed(texts.text)));
    digest.asked.push_back(hash_text(collapsed(texts.asked)));
    if (options.near <= 0 || digest.near_texts.size() >= kNearRows) return;
    digest.near_texts.push_back(signature(shingles(folded(texts.text))));
    if (!options.against.empty())
        digest.near_asked.push_back(signature(shingles(folded(texts.asked))));
}

Json near_report(const std::vector<NearPair>& pairs, const Digest& digest) {
    Json result = Json::array();
    for (const NearPair& p : pairs)
        if (!(digest.texts[p.a] == digest.texts[p.b]))
            result.push_back({{"a", p.a + 1}, {"b", p.b + 1}, {"similarity", p.similarity}});
    return result;
}

// Rows of `data` whose question also stands in `other`, the same and nearly the same.
Json leakage(const std::string& name, DatasetPtr data, const Digest& digest, DatasetPtr other,
             const RowReader& reader, const ReviewOptions& options) {
    Digest theirs;
    ReviewOptions same = options;
    RowReader their_reader(*other, options);
    each_row(*other, "review of " + name,
             [&](size_t, const Json& row) { digest_row(theirs, their_reader.texts(row), same); });
    std::unordered_map<TextHash, size_t, Hasher> places;
    for (size_t i = 0; i < theirs.asked.size(); ++i) places.emplace(theirs.asked[i], i);
    Json exact = Json::array(), near = Json::array();
    std::vector<bool> told(digest.asked.size());
    const TextHash nothing = hash_text("");
    for (size_t i = 0; i < digest.asked.size(); ++i) {
        auto at = places.find(digest.asked[i]);
        if (at == places.end() || digest.asked[i] == nothing) continue;
        exact.push_back({{"row", i + 1}, {"other", at->second + 1}});
        told[i] = true;
    }
    // `other` first: each of our rows is paired with the one of theirs it is nearest to
    const size_t border = theirs.near_asked.size();
    std::vector<Signature> both = std::move(theirs.near_asked);
    both.insert(both.end(), digest.near_asked.begin(), digest.near_asked.end());
    auto text = [&](size_t i) {
        return i < border ? their_reader.texts(other->row(i)).asked
                          : reader.texts(data->row(i - border)).asked;
    };
    if (options.near > 0 && border > 0)
        for (const NearPair& p : near_pairs(both, options.near, text, border))
            if (!told[p.b - border])
                near.push_back(
                    {{"row", p.b - border + 1}, {"other", p.a + 1}, {"similarity", p.similarity}});
    return {{"split", name}, {"exact", exact}, {"near", near}};
}

}  // namespace

Json review(DatasetPtr data, const ReviewOptions& options) {
    RowReader reader(*data, options);
    const std::vector<Column>& columns = data->columns();
    std::vector<size_t> empty_cells(columns.size()), bytes, tokens;
    LabelCount labels;
    Digest digest;
    Json empties = Json::array(), suspicious = Json::array();
    std::unordered_map<TextHash, std::pair<size_t, std::string>, Hasher> answers;
    each_row(*data, "review", [&](size_t i, const Json& row) {
        for (size_t c = 0; c < columns.size(); ++c) {
            auto it = row.find(columns[c].name);
            empty_cells[c] += it == row.end() || is_empty(*it);
        }
        RowTexts texts = reader.texts(row);
        for (const std::string& column : texts.empty)
            empties.push_back({{"row", i + 1}, {"column", column}});
        for (std::string& why : texts.suspicious)
            suspicious.push_back({{"row", i + 1}, {"why", std::move(why)}});
        bytes.push_back(texts.text.size());
        if (options.tokenizer) tokens.push_back(options.tokenizer->encode(texts.text).size());
        if (!reader.label().empty()) {
            auto it = row.find(reader.label());
            const Json value = it == row.end() ? Json() : *it;
            labels.add(value);
            texts.answer = dump_json(value, -1);
        }
        digest_row(digest, texts, options);
        if (texts.answer.empty() || collapsed(texts.asked).empty()) return;
        auto [at, fresh] = answers.emplace(digest.asked.back(), std::make_pair(i, texts.answer));
        if (!fresh && at->second.second != texts.answer)
            suspicious.push_back(
                {{"row", i + 1},
                 {"why", (reader.label().empty() ? "another answer to the question of row "
                                                 : "another label for the text of row ") +
                             std::to_string(at->second.first + 1)}});
    });
    Json lengths = {{"bytes", summary(bytes)}};
    if (options.tokenizer) lengths["tokens"] = summary(tokens);
    const size_t median = bytes.empty() ? 0 : lengths["bytes"]["median"].get<size_t>();
    for (size_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] > 2000 && bytes[i] > 20 * median)
            suspicious.push_back(
                {{"row", i + 1},
                 {"why", std::to_string(bytes[i]) + " bytes, where half the rows have at most " +
                             std::to_string(median)}});
    std::stable_sort(suspicious.begin(), suspicious.end(),
                     [](const Json& a, const Json& b) { return a["row"] < b["row"]; });

    Json report = {{"rows", bytes.size()}, {"skipped", data->skipped()}};
    if (!data->format().empty()) report["format"] = data->format();
    report["text"] = reader.what();
    report["columns"] = Json::array();
    for (size_t c = 0; c < columns.size(); ++c)
        report["columns"].push_back(
            {{"name", columns[c].name}, {"type", columns[c].type}, {"empty", empty_cells[c]}});
    report["lengths"] = lengths;
    size_t extra = 0;
    Json groups = duplicate_groups(digest.texts, extra);
    report["duplicates"] = {{"rows", extra}, {"groups", groups}};
    if (options.near > 0) {
        auto text = [&](size_t i) { return reader.texts(data->row(i)).text; };
        Json pairs = near_report(near_pairs(digest.near_texts, options.near, text), digest);
        report["near"] = {{"rows", pairs.size()},
                          {"pairs", pairs},
                          {"threshold", options.near},
                          {"looked_at", digest.near_texts.size()}};
    }
    if (!reader.label().empty()) report["labels"] = labels.report(reader.label());
    report["empty"] = empties;
    report["suspicious"] = suspicious;
    if (!options.against.empty()) report["leakage"] = Json::array();
    for (auto& [name, other] : options.against)
        report["leakage"].push_back(leakage(name, data, digest, other, reader, options));
    return report;
}

}  // namespace moonlet
