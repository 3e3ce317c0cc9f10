// SPDX-License-Identifier: Apache-2.0
// Plain text and Markdown as rows {text, source}: by line (blank ones are no rows), by paragraph
// (blank lines between) or by file. Lines are what language models are trained on, whole documents
// what is retrieved from: txt goes by line, md by file, unless `by` says otherwise. The source is
// the file's path, so that what is found can be cited.
#include "core/error.h"
#include "core/files.h"
#include "datasets/reader.h"
#include "datasets/records.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

// Ends behind the first blank line; the blank lines that follow are blank records.
struct ParagraphSplitter : Splitter {
    size_t length(std::string_view bytes, bool last) const override {
        for (size_t at = 0; (at = bytes.find('\n', at)) != std::string_view::npos;) {
            size_t next = bytes.find_first_not_of(" \t\r", ++at);
            if (next == std::string_view::npos) break;
            if (bytes[next] == '\n') return next + 1;
        }
        return last ? bytes.size() : kMore;
    }
    std::string_view trimmed(std::string_view record) const override {
        size_t first = record.find_first_not_of(" \t\r\n");
        if (first == std::string_view::npos) return {};
        first = record.rfind('\n', first) + 1;  // its line keeps its indent
        return record.substr(first, record.find_last_not_of(" \t\r\n") + 1 - first);
    }
};

// One row: the whole file, read when it is asked for.
class WholeFile : public Dataset {
  public:
    explicit WholeFile(const std::string& path) : path_(path), bytes_(OpenFile(path).size()) {}
    size_t size() override { return 1; }
    std::optional<size_t> known_size() override { return 1; }
    double estimated_size() override { return 1; }
    bool has(size_t i) override { return i == 0; }
    Json row(size_t) override {
        std::string text = read_file(path_);
        text.erase(0, size_t(text_begin(path_, text)));
        if (!unicode::valid(text)) text = unicode::lossy(text);
        return {{"text", std::move(text)}, {"source", path_}};
    }
    std::string where(size_t) override { return path_; }
    uint64_t text_bytes() override { return bytes_; }
    size_t memory_bytes() override { return 0; }

  private:
    std::vector<Column> find_columns() override {
        return {{"text", "string"}, {"source", "string"}};
    }
    std::string path_;
    uint64_t bytes_;
};

}  // namespace

DatasetPtr open_text(const std::string& path, const LoadOptions& options, const char* usual) {
    const std::string by = options.by.empty() ? usual : options.by;
    auto file = std::make_shared<OpenFile>(path);
    uint64_t begin = text_begin(path, FileWindow(file).at(0, 4));
    if (by == "file") return std::make_shared<WholeFile>(path);
    std::shared_ptr<Splitter> splitter = std::make_shared<LineSplitter>();
    if (by == "paragraph") splitter = std::make_shared<ParagraphSplitter>();
    auto parse = [path](std::string_view record) {
        return Json{{"text", std::string(record)}, {"source", path}};
    };
    auto data =
        std::make_shared<RecordFile>(file, splitter, parse, options.skip, begin, 1, file->size());
    data->set_columns({{"text", "string"}, {"source", "string"}});
    return data;
}

}  // namespace moonlet
