// SPDX-License-Identifier: Apache-2.0
// Markdown: a row a file unless `by` says otherwise; see text.cpp. The mark-up stays as it is.
#include "datasets/reader.h"

namespace moonlet {

namespace {

DatasetPtr open_md(const std::string& path, const LoadOptions& options) {
    return open_text(path, options, "file");
}

MOONLET_READER(md, open_md, "Markdown, a row a file", ".md", ".markdown")

}  // namespace

}  // namespace moonlet
