// SPDX-License-Identifier: Apache-2.0
// Plain text: a row a line unless `by` says otherwise; see text.cpp.
#include "datasets/reader.h"

namespace moonlet {

namespace {

DatasetPtr open_txt(const std::string& path, const LoadOptions& options) {
    return open_text(path, options, "line");
}

MOONLET_READER(txt, open_txt, "plain text, a row a line", ".txt", ".text")

}  // namespace

}  // namespace moonlet
