// SPDX-License-Identifier: Apache-2.0
// 128 bins in 32 bands of 4: two texts of similarity 0.8 share no band once in 10^7, of 0.5 once in
// eight. Empty bins of short texts take the value of a bin chosen by hash (Shrivastava 2017).
#include "datasets/near_duplicates.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "datasets/ticker.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

constexpr size_t kBins = 128, kRows = kBins / kBands;
constexpr size_t kShingleBytes = 6;

// SplitMix64's finaliser: spreads every bit over all.
uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

uint64_t hash_bytes(std::string_view bytes) {
    uint64_t h = 14695981039346656037ull;  // FNV-1a
    for (unsigned char c : bytes) h = (h ^ c) * 1099511628211ull;
    return mix(h);
}

}  // namespace

std::string folded(std::string_view text) {
    std::string result;
    bool blank = false;
    for (size_t at = 0; at < text.size();) {
        char32_t c = unicode::next(text, at);
        if (unicode::is_space(c)) {
            blank = !result.empty();
            continue;
        }
        if (blank) result += ' ';
        blank = false;
        char32_t low[2];
        for (int i = 0, n = unicode::lower(c, low); i < n; ++i) unicode::append(result, low[i]);
    }
    return result;
}

std::vector<uint64_t> shingles(std::string_view text) {
    std::vector<uint64_t> all;
    for (size_t at = 0; at < text.size();) {
        size_t end = at;
        while (end < text.size() && end - at < kShingleBytes)
            end += unicode::width(static_cast<unsigned char>(text[end]));
        if (end - at < kShingleBytes) break;
        all.push_back(hash_bytes(text.substr(at, end - at)));
        at += unicode::width(static_cast<unsigned char>(text[at]));
    }
    if (all.empty()) all.push_back(hash_bytes(text));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

double jaccard(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
    size_t shared = 0;
    for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] < b[j]) ++i;
        else if (b[j] < a[i]) ++j;
        else ++shared, ++i, ++j;
    }
    size_t all = a.size() + b.size() - shared;
    return all == 0 ? 1.0 : double(shared) / double(all);
}

Signature signature(const std::vector<uint64_t>& hashes) {
    std::array<uint64_t, kBins> bins;
    bins.fill(UINT64_MAX);
    for (uint64_t h : hashes) bins[h % kBins] = std::min(bins[h % kBins], h / kBins);
    const std::array<uint64_t, kBins> found = bins;
    for (size_t b = 0; b < kBins; ++b)
        for (uint64_t step = 1; bins[b] == UINT64_MAX; ++step)
            bins[b] = found[mix(b * 0x9E3779B97F4A7C15ull + step) % kBins];
    Signature result;
    for (size_t band = 0; band < kBands; ++band) {
        uint64_t h = band;
        for (size_t r = 0; r < kRows; ++r) h = mix(h ^ bins[band * kRows + r]);
        result[band] = h;
    }
    return result;
}

std::vector<NearPair> near_pairs(const std::vector<Signature>& signatures, double least,
                                 const std::function<std::string(size_t)>& text, size_t from) {
    const size_t n = signatures.size();
    std::vector<uint32_t> order(n);
    // for each text the best earlier one found so far: candidates are measured once
    std::unordered_map<uint64_t, double> measured;
    std::vector<NearPair> best(n, NearPair{0, 0, -1.0});
    auto measure = [&](uint32_t a, uint32_t b) {
        auto [at, fresh] = measured.emplace(uint64_t(a) << 32 | b, 0.0);
        if (fresh) at->second = jaccard(shingles(folded(text(a))), shingles(folded(text(b))));
        if (at->second >= least && at->second > best[b].similarity) best[b] = {a, b, at->second};
    };
    Ticker ticker("near duplicates", "bands");
    for (size_t band = 0; band < kBands; ++band) {
        std::iota(order.begin(), order.end(), 0u);
        std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
            uint64_t x = signatures[a][band], y = signatures[b][band];
            return x != y ? x < y : a < b;
        });
        for (size_t i = 0; i < n;) {
            size_t end = i + 1;
            while (end < n && signatures[order[end]][band] == signatures[order[i]][band]) ++end;
            for (size_t j = i + 1; j < end; ++j) {
                ticker.turn(double(band), [] { return kBands; });
                if (from == 0 || (order[i] < from && order[j] >= from)) measure(order[i], order[j]);
            }
            i = end;
        }
    }
    std::vector<NearPair> pairs;
    for (const NearPair& p : best)
        if (p.similarity >= 0) pairs.push_back(p);
    return pairs;
}

}  // namespace moonlet
