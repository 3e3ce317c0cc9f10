// SPDX-License-Identifier: Apache-2.0
#include "shell/history_search.h"

#include <algorithm>
#include <unordered_set>

#include <unistd.h>

#include "shell/history_match.h"
#include "shell/text.h"

namespace moonlet {
namespace {

constexpr std::size_t kRows = 8;
constexpr std::size_t kHits = 500;

// What did not work stays in the list, dim and with a mark.
bool failed(const HistoryFacts& facts) {
    return facts.outcome == Outcome::failed || facts.outcome == Outcome::interrupted;
}

std::string current_folder() {
    char buffer[4096];
    return ::getcwd(buffer, sizeof buffer) ? buffer : "";
}

}  // namespace

void HistorySearch::open(History& history) {
    history_ = &history;
    pattern_.clear();
    worked_ = here_ = false;
    find();
}

bool HistorySearch::wanted(const HistoryFacts& facts) const {
    // Of an entry of the older format nobody knows, so it stays.
    bool unsure = facts.outcome == Outcome::unknown && !facts.noted;
    if (worked_ && facts.outcome != Outcome::ok && !unsure) return false;
    return !here_ || history_->folders()[facts.folder] == current_folder();
}

void HistorySearch::find() {
    hits_.clear();
    chosen_ = top_ = 0;
    const auto& entries = history_->entries();
    const auto& facts = history_->facts();
    HistoryPattern pattern(pattern_);
    std::unordered_set<std::string_view> seen;
    for (std::size_t i = entries.size(); i-- > 0;) {
        if (!wanted(facts[i]) || !seen.insert(entries[i]).second) continue;
        int rank = pattern.rank(entries[i]);
        if (rank >= 0) hits_.push_back({i, rank});
        if (pattern_.empty() && hits_.size() == kHits) break;
    }
    std::stable_sort(hits_.begin(), hits_.end(),
                     [](const Hit& a, const Hit& b) { return a.rank < b.rank; });
    if (hits_.size() > kHits) hits_.resize(kHits);
}

void HistorySearch::move(bool older) {
    if (older && chosen_ + 1 < hits_.size()) ++chosen_;
    if (!older && chosen_ > 0) --chosen_;
    if (chosen_ < top_) top_ = chosen_;
    if (chosen_ >= top_ + kRows) top_ = chosen_ - kRows + 1;
}

HistorySearch::Step HistorySearch::handle(const Key& key) {
    switch (key.kind) {
        case KeyKind::text:
            pattern_ += key.text;
            find();
            return Step::stay;
        case KeyKind::paste:
            pattern_ += key.text.substr(0, key.text.find_first_of("\r\n"));
            find();
            return Step::stay;
        case KeyKind::backspace:
            if (!pattern_.empty()) pattern_.erase(previous_cluster(pattern_, pattern_.size()));
            find();
            return Step::stay;
        case KeyKind::up: move(false); return Step::stay;
        case KeyKind::down: move(true); return Step::stay;
        case KeyKind::escape: return Step::restore;
        case KeyKind::enter: return hits_.empty() ? Step::stay : Step::run;
        case KeyKind::tab: return Step::take;
        case KeyKind::unknown: return Step::stay;
        case KeyKind::control: break;
        default: return Step::take_and_key;
    }
    switch (key.code) {
        case 'r': move(true); return Step::stay;
        case 's': move(false); return Step::stay;
        case 'n': move(true); return Step::stay;
        case 'p': move(false); return Step::stay;
        case 'g':
        case 'c': return Step::restore;
        case 'o': worked_ = !worked_; break;
        case 't': here_ = !here_; break;
        case 'u': pattern_.clear(); break;
        default: return Step::take_and_key;
    }
    find();
    return Step::stay;
}

const std::string* HistorySearch::chosen() const {
    return hits_.empty() ? nullptr : &history_->entries()[hits_[chosen_].index];
}

std::size_t HistorySearch::cursor() const {
    if (hits_.empty()) return 0;
    const std::string& entry = *chosen();
    auto places = HistoryPattern(pattern_).places(entry);
    return places.empty() ? entry.size() : next_cluster(entry, places.back());
}

std::string HistorySearch::prompt() const {
    return (hits_.empty() ? "no match `" : "search `") + pattern_ + "`: ";
}

Row HistorySearch::row(const Hit& hit, bool chosen, std::size_t width) const {
    const std::string& entry = history_->entries()[hit.index];
    bool bad = failed(history_->facts()[hit.index]);
    auto places = HistoryPattern(pattern_).places(entry);
    Row row = make_row(chosen ? "▸" : " ", Style::heading, width);
    Row mark =
        make_row(bad ? "✗ " : "  ", bad ? Style::dim : Style::plain, width > 1 ? width - 1 : 0);
    row.insert(row.end(), mark.begin(), mark.end());
    Style plain = bad ? Style::dim : Style::plain;
    std::size_t used = 3, marked = 0;
    bool blank = false;
    for (std::size_t at = 0; at < entry.size();) {
        std::size_t end = next_cluster(entry, at);
        std::string cluster = entry.substr(at, end - at);
        while (marked < places.size() && places[marked] < at) ++marked;
        bool hit_here = marked < places.size() && places[marked] < end;
        at = end;
        bool line = cluster == "\n" || cluster == "\r\n";
        if (blank && (cluster == " " || cluster == "\t" || line)) continue;  // indentation
        blank = line;
        std::string shown = line ? "↵" : cluster == "\t" ? " " : glyph(cluster).text;
        auto columns = static_cast<std::size_t>(text_width(shown));
        if (used + columns + (at < entry.size()) > width) {
            Row more = make_row("…", Style::dim, 1);
            if (used < width) row.insert(row.end(), more.begin(), more.end());
            break;
        }
        Style style = line ? Style::dim : hit_here ? Style::match : plain;
        row.push_back({shown, static_cast<int>(columns), style});
        used += columns;
    }
    return row;
}

std::vector<Row> HistorySearch::rows(std::size_t width) const {
    std::vector<Row> rows;
    for (std::size_t i = top_; i < std::min(hits_.size(), top_ + kRows); ++i)
        rows.push_back(row(hits_[i], i == chosen_, width));
    std::string text = hits_.empty()
                           ? "nothing"
                           : std::to_string(chosen_ + 1) + " of " + std::to_string(hits_.size()) +
                                 (hits_.size() == kHits ? "+" : "");
    text += std::string(" · ^O ") + (worked_ ? "all" : "what worked");
    text += std::string(" · ^T ") + (here_ ? "every folder" : "this folder");
    text += " · Enter runs · Tab edits · Esc back";
    rows.push_back(make_row(text, Style::dim, width));
    return rows;
}

}  // namespace moonlet
