// SPDX-License-Identifier: Apache-2.0
// Tab separated values: as csv, but quotes are plain characters unless every cell that begins with
// one also ends with one.
#include "datasets/reader.h"

namespace moonlet {

namespace {

DatasetPtr open_tsv(const std::string& path, const LoadOptions& options) {
    return open_separated(path, options, '\t');
}

MOONLET_READER(tsv, open_tsv, "tab separated values", ".tsv", ".tab")

}  // namespace

}  // namespace moonlet
