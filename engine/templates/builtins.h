// SPDX-License-Identifier: Apache-2.0
// The filters, tests and global functions of Jinja2 with those of Hugging Face's chat templates.
// Filters and tests are looked up by name in tables that filters.cpp, filters_sequence.cpp,
// filters_text.cpp and tests.cpp hold; globals are made anew for each rendering.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "templates/value.h"

namespace moonlet::jinja {

using Filter = Value (*)(const Value& input, const Arguments&, const NamedArguments&);
using Test = bool (*)(const Value& input, const Arguments&, const NamedArguments&);
using FilterTable = std::map<std::string, Filter>;
using TestTable = std::map<std::string, Test>;

const Filter* find_filter(const std::string& name);  // null: there is none
const Test* find_test(const std::string& name);
std::vector<std::string> filter_names();
std::vector<std::string> test_names();
// Error with the nearest name.
Value apply_filter(const std::string& name, const Value& input, const Arguments&,
                   const NamedArguments&);
bool apply_test(const std::string& name, const Value& input, const Arguments&,
                const NamedArguments&);

const FilterTable& sequence_filters();  // filters_sequence.cpp: map, select, sort, groupby, …
const FilterTable& text_filters();      // filters_text.cpp: indent, truncate, wordwrap, …

// "a.b.0": the attribute path of map(attribute=…), sort, groupby … ; integers are items.
Value get_path(const Value& value, const Value& path, const Value& fallback = Value());
// A lazily computed sequence that can be walked once.
Value make_generator(std::unique_ptr<Iterator> source, int depth);

// range, dict, cycler, joiner, raise_exception and strftime_now. namespace is the interpreter's,
// which must own what can hold itself.
const Value* find_global(const std::string& name);

}  // namespace moonlet::jinja
