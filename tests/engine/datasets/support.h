// SPDX-License-Identifier: Apache-2.0
// Files of a test in its scratch folder, and rows as JSON text.
#pragma once

#include <fstream>
#include <string>

#include "datasets/dataset.h"
#include "test.h"

namespace moonlet::test {

inline std::string write(const std::string& name, const std::string& bytes) {
    std::filesystem::path path = scratch() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
}

// All rows as one JSON list on one line.
inline std::string rows(const DatasetPtr& data) {
    Json all = Json::array();
    for (size_t i = 0; data->has(i); ++i) all.push_back(data->row(i));
    return dump_json(all, -1);
}

inline std::string columns(const DatasetPtr& data) {
    std::string all;
    for (const Column& c : data->columns()) all += (all.empty() ? "" : " ") + c.name + ":" + c.type;
    return all;
}

}  // namespace moonlet::test
