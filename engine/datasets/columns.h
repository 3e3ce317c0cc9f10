// SPDX-License-Identifier: Apache-2.0
// Which columns rows have, gathered row by row. Types as dataset.h names them.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "datasets/dataset.h"

namespace moonlet {

std::string value_type(const Json& value);
// The type of a column that holds both.
std::string joined_type(const std::string& a, const std::string& b);

class ColumnCollector {
  public:
    void add(const Json& row);
    const std::vector<Column>& columns() const { return columns_; }

  private:
    std::vector<Column> columns_;
    std::unordered_map<std::string, size_t> places_;
};

// A row from a value: an object as it is, a string as {"text": …}. Error: anything else; `what`
// names the row.
Json as_row(Json value, const std::string& what);

}  // namespace moonlet
