// SPDX-License-Identifier: Apache-2.0
// Texts are saved apart from the rows because JSON cannot hold bytes that are not UTF-8, and spans
// must stay true.
#include "lexical/passages.h"

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"

namespace moonlet {

size_t Passages::add(std::string text, Json row, const SplitOptions* split) {
    std::vector<Chunk> chunks;
    if (split) chunks = split_text(text, *split);
    else chunks.push_back({0, text.size(), {}});
    bytes_ += text.size() + 200 + chunks.size() * sizeof(Passage);
    documents_.push_back({std::move(text), std::move(row)});
    for (Chunk& chunk : chunks) passages_.push_back({documents_.size() - 1, std::move(chunk)});
    return chunks.size();
}

void Passages::keep(size_t documents) {
    if (documents < documents_.size())
        documents_.erase(documents_.begin() + ptrdiff_t(documents), documents_.end());
    while (!passages_.empty() && passages_.back().document >= documents) passages_.pop_back();
}

std::string_view Passages::text(size_t i) const {
    const Passage& p = passages_[i];
    return std::string_view(documents_[p.document].text)
        .substr(p.chunk.begin, p.chunk.end - p.chunk.begin);
}

Selection Passages::select(const std::function<bool(const Json& row)>& fits) const {
    Selection selection(size());
    size_t last = size_t(-1);
    bool allowed = false;
    for (size_t i = 0; i < size(); ++i) {
        if (passages_[i].document != last) {
            interrupt::check();
            last = passages_[i].document;
            allowed = fits(documents_[last].row);
        }
        if (allowed) selection.allow(i);
    }
    return selection;
}

void Passages::save(const std::string& folder) const {
    write_file(folder + "/texts", [&](const auto& append) {
        for (const Document& document : documents_)
            append(document.text.data(), document.text.size());
    });
    write_file(folder + "/rows.jsonl", [&](const auto& append) {
        size_t at = 0;
        for (size_t i = 0; i < documents_.size(); ++i) {
            Json spans = Json::array();
            for (; at < size() && passages_[at].document == i; ++at) {
                const Chunk& chunk = passages_[at].chunk;
                Json span = {chunk.begin, chunk.end};
                if (!chunk.headers.empty()) span.push_back(chunk.headers);
                spans.push_back(std::move(span));
            }
            std::string line = dump_json({{"bytes", documents_[i].text.size()},
                                          {"passages", std::move(spans)},
                                          {"row", documents_[i].row}},
                                         -1) +
                               "\n";
            append(line.data(), line.size());
        }
    });
}

Passages Passages::load(const std::string& folder) {
    const std::string path = folder + "/rows.jsonl";
    const std::string rows = read_file(path), texts = read_file(folder + "/texts");
    Passages result;
    size_t text_at = 0, number = 0;
    auto refuse = [&](const std::string& what) -> Error {
        return Error(path + ", line " + std::to_string(number) + ": " + what,
                     "a file that retriever:save wrote");
    };
    for (size_t at = 0; at < rows.size();) {
        interrupt::check();
        size_t end = std::min(rows.find('\n', at), rows.size());
        ++number;
        Json line = parse_json(std::string_view(rows).substr(at, end - at),
                               path + ", line " + std::to_string(number));
        at = end + 1;
        if (!line.is_object() || !line["bytes"].is_number_unsigned() ||
            !line["passages"].is_array())
            throw refuse("no bytes or no passages");
        size_t bytes = line["bytes"];
        if (bytes > texts.size() - text_at) throw refuse("more bytes than `texts` has");
        size_t document = result.documents_.size();
        for (const Json& span : line["passages"]) {
            bool fits = span.is_array() && span.size() >= 2 && span[0].is_number_unsigned() &&
                        span[1].is_number_unsigned();
            if (!fits || span[0] > span[1] || span[1] > bytes) throw refuse("a broken span");
            Chunk chunk{span[0], span[1], {}};
            if (span.size() > 2 && span[2].is_array())
                for (const Json& header : span[2])
                    if (header.is_string()) chunk.headers.push_back(header);
            result.passages_.push_back({document, std::move(chunk)});
        }
        result.documents_.push_back({texts.substr(text_at, bytes), std::move(line["row"])});
        text_at += bytes;
    }
    if (text_at != texts.size()) throw refuse("fewer bytes than `texts` has");
    result.bytes_ = texts.size() + result.size() * sizeof(Passage) + 200 * result.documents();
    return result;
}

}  // namespace moonlet
