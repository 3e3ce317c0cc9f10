// SPDX-License-Identifier: Apache-2.0
#include "shell/history_match.h"

#include <algorithm>
#include <limits>

namespace moonlet {
namespace {

constexpr std::size_t kLooked = 4000;        // code points of an entry that are looked at for typos
constexpr int kLetters = 100, kTypo = 1000;  // ranks begin here

char32_t folded(char32_t c) { return c >= U'A' && c <= U'Z' ? c + 32 : c; }

// Code points with the byte each begins at; a byte that begins none is one of its own.
struct Decoded {
    std::u32string text;
    std::vector<std::size_t> at;
};

Decoded decode(std::string_view bytes, bool fold, std::size_t limit) {
    Decoded result;
    for (std::size_t i = 0; i < bytes.size() && result.text.size() < limit;) {
        auto lead = static_cast<unsigned char>(bytes[i]);
        std::size_t length = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        char32_t c = length == 1 ? lead : lead & (0x7fu >> length);
        for (std::size_t k = 1; k < length && i + k < bytes.size(); ++k)
            c = (c << 6) | (static_cast<unsigned char>(bytes[i + k]) & 0x3f);
        result.text += fold ? folded(c) : c;
        result.at.push_back(i);
        i += length;
    }
    return result;
}

using Places = std::vector<std::size_t>;

// The word's letters in order within few characters. Returns how many others lie between, -1 = no.
int letters(const std::u32string& word, const std::u32string& text, Places* places) {
    if (word.size() < 2) return -1;
    std::size_t allowed = word.size();
    int best = -1;
    for (std::size_t start = text.find(word[0]); start != text.npos;
         start = text.find(word[0], start + 1)) {
        Places found{start};
        std::size_t at = start;
        for (std::size_t i = 1; i < word.size(); ++i) {
            at = text.find(word[i], at + 1);
            if (at == text.npos) return best;
            found.push_back(at);
        }
        std::size_t between = at + 1 - start - word.size();
        if (between > allowed || (best >= 0 && static_cast<int>(between) >= best)) continue;
        best = static_cast<int>(between);
        *places = std::move(found);
    }
    return best;
}

int typos_allowed(std::size_t size) { return size < 3 ? 0 : size < 8 ? 1 : 2; }

// The part of the text that is the word with fewest edits (a swap is one). Returns them, -1 = too
// many. Sellers' table, kept whole for the way back.
int typos(const std::u32string& word, const std::u32string& text, Places* places) {
    int allowed = typos_allowed(word.size());
    int missing = 0;
    for (char32_t c : word) missing += text.find(c) == text.npos;
    if (allowed == 0 || missing > allowed) return -1;
    std::size_t n = word.size(), m = text.size();
    std::vector<std::vector<int>> cost(n + 1, std::vector<int>(m + 1, 0));
    for (std::size_t i = 1; i <= n; ++i) {
        cost[i][0] = static_cast<int>(i);
        for (std::size_t j = 1; j <= m; ++j) {
            int best = cost[i - 1][j - 1] + (word[i - 1] != text[j - 1]);
            best = std::min({best, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
            if (i > 1 && j > 1 && word[i - 1] == text[j - 2] && word[i - 2] == text[j - 1])
                best = std::min(best, cost[i - 2][j - 2] + 1);
            cost[i][j] = best;
        }
    }
    std::size_t end = static_cast<std::size_t>(std::min_element(cost[n].begin(), cost[n].end()) -
                                               cost[n].begin());
    int edits = cost[n][end];
    if (edits > allowed) return -1;
    places->clear();
    for (std::size_t i = n, j = end; i > 0 && j > 0;) {
        if (i > 1 && j > 1 && word[i - 1] == text[j - 2] && word[i - 2] == text[j - 1] &&
            word[i - 1] != text[j - 1] && cost[i][j] == cost[i - 2][j - 2] + 1) {
            places->push_back(j - 1);
            places->push_back(j - 2);
            i -= 2, j -= 2;
        } else if (cost[i][j] == cost[i - 1][j - 1] + (word[i - 1] != text[j - 1])) {
            if (word[i - 1] == text[j - 1]) places->push_back(j - 1);
            --i, --j;
        } else if (cost[i][j] == cost[i - 1][j] + 1) {
            --i;
        } else {
            --j;
        }
    }
    return edits;
}

}  // namespace

HistoryPattern::HistoryPattern(std::string_view pattern) : whole_(pattern) {
    fold_ =
        std::none_of(pattern.begin(), pattern.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    std::u32string all = decode(pattern, fold_, kLooked).text, word;
    for (char32_t c : all + U" ") {
        if (c != U' ') {
            word += c;
        } else if (!word.empty()) {
            words_.push_back(std::move(word));
            word.clear();
        }
    }
}

int HistoryPattern::match(std::string_view entry, std::vector<std::size_t>* places) const {
    std::size_t exact = entry.find(whole_);
    if (exact != std::string_view::npos) {
        for (std::size_t i = 0; places && i < whole_.size(); ++i) places->push_back(exact + i);
        return 0;
    }
    Decoded text = decode(entry, fold_, kLooked);
    int rank = 1;
    for (const auto& word : words_) {
        Places found;
        std::size_t at = text.text.find(word);
        int worse = 0;
        if (at != text.text.npos) {
            for (std::size_t i = 0; i < word.size(); ++i) found.push_back(at + i);
        } else if (int between = letters(word, text.text, &found); between >= 0) {
            worse = kLetters + between;
        } else if (int edits = typos(word, text.text, &found); edits >= 0) {
            worse = kTypo * edits;
        } else {
            return -1;
        }
        rank += worse;
        if (!places) continue;
        for (std::size_t i : found) {
            std::size_t end = i + 1 < text.at.size() ? text.at[i + 1] : entry.size();
            for (std::size_t byte = text.at[i]; byte < end; ++byte) places->push_back(byte);
        }
    }
    return rank;
}

int HistoryPattern::rank(std::string_view entry) const { return match(entry, nullptr); }

std::vector<std::size_t> HistoryPattern::places(std::string_view entry) const {
    std::vector<std::size_t> places;
    match(entry, &places);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
}

}  // namespace moonlet
