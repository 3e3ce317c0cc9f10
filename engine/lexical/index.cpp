// SPDX-License-Identifier: Apache-2.0
// Counts are kept by text, as they come in; the table by term, with finished scores, is made from
// them by a counting sort and is made anew when texts were added. A score that is zero by its idf
// is stored as the smallest positive number instead, so that "has one of the terms" is "is above
// zero" in the sums.
#include "lexical/index.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "core/interrupt.h"
#include "lexical/words.h"

namespace moonlet {

namespace {

double inverse_frequency(const std::string& method, double df, double n) {
    double odds = (n - df + 0.5) / (df + 0.5);
    if (method == "robertson") return std::log(std::max(1.0, odds));
    if (method == "atire") return std::log(n / df);
    if (method == "bm25l") return std::log((n + 1) / (df + 0.5));
    if (method == "bm25+") return std::log((n + 1) / df);
    return std::log(1 + odds);
}

double term_weight(const Bm25Options& o, double tf, double length) {
    double norm = 1 - o.b + o.b * length;
    if (o.method == "atire") return (o.k1 + 1) * tf / (tf + o.k1 * norm);
    if (o.method == "bm25+") return (o.k1 + 1) * tf / (tf + o.k1 * norm) + o.delta;
    if (o.method == "bm25l") {
        double c = tf / norm + o.delta;
        return (o.k1 + 1) * c / (o.k1 + c);
    }
    return tf / (tf + o.k1 * norm);
}

struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct Count {
    uint32_t term, times;
};

struct Posting {
    uint32_t text;
    float score;
};

}  // namespace

const OptionTable& Bm25Options::rows() {
    static const OptionTable table = {
        {"method", "\"lucene\"|\"robertson\"|\"atire\"|\"bm25l\"|\"bm25+\"", "\"lucene\"",
         "the variant of BM25"},
        {"k1", "number", "1.5", "how slowly repeated terms stop to count"},
        {"b", "number", "0.75", "how much long texts are held back; 0 to 1"},
        {"delta", "number", "0.5", "of bm25l and bm25+"},
        {"terms", "\"bigrams\"|\"words\"", "\"bigrams\"",
         "Hangul (and Han, kana) as pairs of characters, or whole words"},
    };
    return table;
}

Bm25Options Bm25Options::from_json(const Json& given) {
    check_options(given, rows(), "bm25");
    Bm25Options options;
    read_option(given, "method", options.method);
    read_option(given, "k1", options.k1);
    read_option(given, "b", options.b);
    read_option(given, "delta", options.delta);
    read_option(given, "terms", options.terms);
    if (!(options.k1 >= 0)) throw Error("bm25: k1 " + given["k1"].dump(), "0 or more");
    if (!(options.b >= 0 && options.b <= 1)) throw Error("bm25: b " + given["b"].dump(), "0 to 1");
    if (!(options.delta >= 0)) throw Error("bm25: delta " + given["delta"].dump(), "0 or more");
    return options;
}

Json Bm25Options::json() const {
    return {{"method", method}, {"k1", k1}, {"b", b}, {"delta", delta}, {"terms", terms}};
}

struct LexicalIndex::State {
    Bm25Options options;
    lexical::Terms kind;
    std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> terms;
    std::vector<Count> counts;      // of all texts, one after another
    std::vector<size_t> begins{0};  // where a text's counts begin; one more than texts
    std::vector<uint32_t> lengths;  // terms of a text
    double total = 0;               // terms of all texts
    std::vector<uint32_t> times;    // by term, of the text that is being added
    std::vector<uint32_t> fresh;    // its terms

    // Made from the counts when asked for.
    bool stale = true;
    std::vector<Posting> postings;     // by term
    std::vector<size_t> offsets;       // one more than terms
    std::vector<float> nonoccurrence;  // by term; empty but for bm25l and bm25+
    std::vector<float> sums;           // of a search; zero between two

    uint32_t term(std::string_view word) {
        auto it = terms.find(word);
        if (it != terms.end()) return it->second;
        times.push_back(0);
        return terms.emplace(word, uint32_t(terms.size())).first->second;
    }
    void make();
};

LexicalIndex::LexicalIndex(const Bm25Options& options) : state_(new State) {
    state_->options = options;
    state_->kind = options.terms == "words" ? lexical::Terms::words : lexical::Terms::bigrams;
}
LexicalIndex::~LexicalIndex() = default;

void LexicalIndex::add(std::string_view text) {
    State& s = *state_;
    uint32_t length = 0;
    lexical::each_term(text, s.kind, [&](std::string_view word) {
        uint32_t term = s.term(word);
        if (s.times[term]++ == 0) s.fresh.push_back(term);
        ++length;
    });
    for (uint32_t term : s.fresh) {
        s.counts.push_back({term, s.times[term]});
        s.times[term] = 0;
    }
    s.fresh.clear();
    s.begins.push_back(s.counts.size());
    s.lengths.push_back(length);
    s.total += length;
    s.stale = true;
}

void LexicalIndex::State::make() {
    size_t texts = lengths.size();
    offsets.assign(terms.size() + 1, 0);
    for (const Count& count : counts) ++offsets[count.term + 1];
    std::vector<double> idf(terms.size());
    nonoccurrence.clear();
    for (size_t i = 0; i < terms.size(); ++i)
        idf[i] = inverse_frequency(options.method, double(offsets[i + 1]), double(texts));
    bool shifted = options.method == "bm25l" || options.method == "bm25+";
    double nothing = shifted ? term_weight(options, 0, 1) : 0;
    if (shifted)
        for (double value : idf) nonoccurrence.push_back(float(value * nothing));
    for (size_t i = 0; i < terms.size(); ++i) offsets[i + 1] += offsets[i];
    postings.resize(counts.size());
    std::vector<size_t> next(offsets.begin(), offsets.end() - 1);
    double average = texts ? total / double(texts) : 0;
    for (size_t text = 0; text < texts; ++text) {
        interrupt::check();
        double length = average > 0 ? lengths[text] / average : 0;
        for (size_t i = begins[text]; i < begins[text + 1]; ++i) {
            double weight = term_weight(options, counts[i].times, length) - nothing;
            float score = std::max(float(idf[counts[i].term] * weight), FLT_MIN);
            postings[next[counts[i].term]++] = {uint32_t(text), score};
        }
    }
    sums.assign(texts, 0);
    stale = false;
}

std::vector<Scored> LexicalIndex::search(std::string_view query, size_t k,
                                         const Selection* among) const {
    State& s = *state_;
    if (s.stale) s.make();
    float base = 0;
    lexical::each_term(query, s.kind, [&](std::string_view word) {
        auto it = s.terms.find(word);
        if (it == s.terms.end()) return;
        for (size_t i = s.offsets[it->second]; i < s.offsets[it->second + 1]; ++i)
            s.sums[s.postings[i].text] += s.postings[i].score;
        if (!s.nonoccurrence.empty()) base += s.nonoccurrence[it->second];
    });
    // A heap of the best k with the worst of them on top.
    auto better = [](const Scored& a, const Scored& b) {
        return a.score > b.score || (a.score == b.score && a.id < b.id);
    };
    std::vector<Scored> best;
    float bar = 0;
    for (size_t i = 0; k > 0 && i < s.sums.size(); ++i) {
        if (!(s.sums[i] > bar) || (among && !among->allows(i))) continue;
        if (best.size() == k) {
            std::pop_heap(best.begin(), best.end(), better);
            best.pop_back();
        }
        best.push_back({int64_t(i), s.sums[i]});
        std::push_heap(best.begin(), best.end(), better);
        if (best.size() == k) bar = best.front().score;
    }
    std::fill(s.sums.begin(), s.sums.end(), 0.0f);
    std::sort_heap(best.begin(), best.end(), better);
    for (Scored& hit : best) hit.score += base;
    return best;
}

size_t LexicalIndex::size() const { return state_->lengths.size(); }
size_t LexicalIndex::vocabulary() const { return state_->terms.size(); }
const Bm25Options& LexicalIndex::options() const { return state_->options; }

size_t LexicalIndex::bytes() const {
    const State& s = *state_;
    return s.terms.size() * 64 + s.counts.size() * (sizeof(Count) + sizeof(Posting)) +
           s.lengths.size() * 24;
}

}  // namespace moonlet
