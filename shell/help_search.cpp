// SPDX-License-Identifier: Apache-2.0
#include "shell/help_search.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bindings/lua_state.h"
#include "shell/commands.h"
#include "shell/text.h"

namespace moonlet {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShown = 15;
constexpr double kGood = 0.2;  // of the best hit's rank: what is below is not shown

using Words = std::vector<std::string>;

// Letters and digits, in lower case; what joins them divides.
Words words_of(std::string_view text) {
    Words words;
    std::string word;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        char c = i < text.size() ? text[i] : ' ';
        bool upper = c >= 'A' && c <= 'Z';
        if (upper) c = static_cast<char>(c + 32);
        bool part = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80);
        if (part) {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

double best_fit(const std::string& asked, const Words& words) {
    double best = 0;
    for (const auto& word : words) best = std::max(best, word_fit(asked, word));
    return best;
}

struct Topic {
    std::string title, line;
    std::vector<std::pair<double, Words>> fields{};  // weight and words
    std::vector<RowField> options{};
};

void add_manual(std::vector<Topic>& topics) {
    const char* home = std::getenv("MOONLET_HOME");
    std::error_code failed;
    for (const std::string& root : {std::string(home ? home : ""), program_folder() + "/..",
                                    program_folder() + "/../share/moonlet"}) {
        fs::path folder = fs::path(root) / "examples" / "data" / "manual";
        if (root.empty() || !fs::is_directory(folder, failed)) continue;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(folder, failed))
            if (entry.path().extension() == ".md") files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const auto& path : files) {
            std::ifstream file(path);
            Topic topic;
            std::string text;
            auto finish = [&] {
                if (!topic.title.empty()) {
                    topic.fields.emplace_back(3, words_of(topic.title));
                    topic.fields.emplace_back(1, words_of(text));
                    topics.push_back(topic);
                }
                topic = {};
                text.clear();
            };
            for (std::string line; std::getline(file, line);) {
                if (!line.empty() && line[0] == '#') {
                    finish();
                    std::size_t at = line.find_first_not_of("# ");
                    if (at == std::string::npos) continue;
                    topic.title = "manual " + path.stem().string() + ": " + line.substr(at);
                } else {
                    if (topic.line.empty()) topic.line = line;
                    text += line + "\n";
                }
            }
            finish();
        }
        return;
    }
}

std::vector<Topic> all_topics(Rows& rows) {
    std::vector<Topic> topics;
    for (const HelpRow& row : rows.all()) {
        Topic topic{row.name, row.doc};
        topic.fields.emplace_back(8, words_of(row.name));
        topic.fields.emplace_back(3, words_of(row.doc));
        topic.fields.emplace_back(1, words_of(row.example));
        topic.options = row.options;
        topics.push_back(std::move(topic));
    }
    for (const Command& command : commands()) {
        Topic topic{":" + command.name + (command.arguments.empty() ? "" : " ") + command.arguments,
                    command.help};
        topic.fields.emplace_back(8, words_of(command.name));
        topic.fields.emplace_back(3, words_of(command.help));
        topics.push_back(std::move(topic));
    }
    add_manual(topics);
    return topics;
}

}  // namespace

double word_fit(std::string_view asked, std::string_view word) {
    if (asked == word) return 1;
    std::size_t common = 0, shorter = std::min(asked.size(), word.size());
    while (common < shorter && asked[common] == word[common]) ++common;
    if (common == asked.size()) return 0.8;  // the start of a longer word
    if (asked.size() >= 3 && word.find(asked) != std::string_view::npos) return 0.6;
    // Another ending: train, training, trainer; quantise, quantize, quant.
    if (common >= 4 && common * 10 >= asked.size() * 6) return 0.6;
    if (asked.size() < 4 || word.size() + 2 < asked.size() || asked.size() + 2 < word.size())
        return 0;
    return nearest(asked, {std::string(word)}, 1).empty() ? 0 : 0.5;
}

std::string search_help(Rows& rows, const std::string& words) {
    struct Hit {
        double rank;
        const Topic* topic;
        const RowField* option;
    };
    Words asked = words_of(words);
    std::vector<Topic> topics = all_topics(rows);
    std::vector<Hit> hits;
    // All words, and where nothing has all of them, any.
    for (bool all : {true, false}) {
        for (const Topic& topic : topics) {
            Hit hit{0, &topic, nullptr};
            double of_option = 0;
            bool missing = false;
            for (const auto& word : asked) {
                double best = 0;
                for (const auto& [weight, text] : topic.fields)
                    best = std::max(best, weight * best_fit(word, text));
                for (const RowField& option : topic.options) {
                    double rank = std::max(4 * best_fit(word, words_of(option.name)),
                                           1.5 * best_fit(word, words_of(option.doc)));
                    if (rank > std::max(best, of_option)) hit.option = &option, of_option = rank;
                    best = std::max(best, rank);
                }
                missing = missing || best == 0;
                hit.rank += best;
            }
            if (hit.rank > 0 && !(all && missing)) hits.push_back(hit);
        }
        if (!hits.empty()) break;
    }
    if (hits.empty()) return "no help mentions '" + words + "'\n";
    std::stable_sort(hits.begin(), hits.end(),
                     [](const Hit& a, const Hit& b) { return a.rank > b.rank; });
    std::string out = "help for '" + words + "'\n";
    std::size_t widest = 0, shown = 0;
    while (shown < hits.size() && shown < kShown && hits[shown].rank >= kGood * hits[0].rank)
        widest = std::max<std::size_t>(
            widest, std::min<std::size_t>(
                        static_cast<std::size_t>(text_width(hits[shown++].topic->title)), 28));
    for (std::size_t i = 0; i < shown; ++i) {
        const Hit& hit = hits[i];
        auto columns = static_cast<std::size_t>(text_width(hit.topic->title));
        out += "  " + hit.topic->title +
               std::string(columns < widest + 2 ? widest + 2 - columns : 2, ' ') + hit.topic->line;
        if (hit.option) out += " (option " + hit.option->name + ": " + hit.option->doc + ")";
        out += "\n";
    }
    if (shown < hits.size())
        out += "  … " + std::to_string(hits.size() - shown) + " less fitting\n";
    return out;
}

}  // namespace moonlet
