// SPDX-License-Identifier: Apache-2.0
// Reading and writing JSON through nlohmann/json, whose exceptions become our Error here and
// nowhere else. A depth check makes "[[[[…" an error, not a crash. Values are put together here and
// not by the library, whose ordered objects look through all their keys at every new one:
// quadratic, 2.6 s for a vocabulary of 50,000 tokens. A reader of our own, several times as fast,
// goes first; whatever it does not like is the library's, which says what is wrong with it.
#include "core/json.h"

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/json_quick.h"

namespace moonlet {

namespace {

// Deepest nesting outside strings; the parser itself checks everything else.
int nesting(std::string_view text) {
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            else if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            deepest = std::max(deepest, ++depth);
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return deepest;
}

// "[json.exception.parse_error.101] parse error at line 1, column 5: …" -> the part people need.
std::string reason(const std::string& what) {
    size_t at = what.find("] ");
    return at == std::string::npos ? what : what.substr(at + 2);
}

// What the library's parser calls.
class Builder : public nlohmann::json_sax<Json> {
  public:
    Json root;
    std::string problem;

    bool null() override { return put(nullptr); }
    bool boolean(bool value) override { return put(value); }
    bool number_integer(number_integer_t value) override { return put(value); }
    bool number_unsigned(number_unsigned_t value) override { return put(value); }
    bool number_float(number_float_t value, const string_t&) override { return put(value); }
    bool string(string_t& value) override { return put(std::move(value)); }
    bool binary(binary_t& value) override { return put(Json::binary(std::move(value))); }
    bool start_object(size_t) override { return open(Json::object()); }
    bool start_array(size_t) override { return open(Json::array()); }
    bool key(string_t& name) override {
        auto& entries = open_.back()->get_ref<Json::object_t&>();
        entries.emplace_back(std::move(name), Json());
        place_ = &entries.back().second;
        return true;
    }
    bool end_object() override {
        drop_repeated(open_.back()->get_ref<Json::object_t&>());
        open_.pop_back();
        return true;
    }
    bool end_array() override {
        open_.pop_back();
        return true;
    }
    bool parse_error(size_t, const std::string&, const nlohmann::json::exception& e) override {
        problem = e.what();
        return false;
    }

  private:
    // Puts a value where the next one belongs and returns it there.
    Json& place(Json&& value) {
        if (open_.empty()) return root = std::move(value);
        if (open_.back()->is_array()) {
            open_.back()->push_back(std::move(value));
            return open_.back()->back();
        }
        return *place_ = std::move(value);
    }
    bool put(Json&& value) {
        place(std::move(value));
        return true;
    }
    bool open(Json&& value) {
        open_.push_back(&place(std::move(value)));
        return true;
    }
    std::vector<Json*> open_;  // containers not closed yet; the outer ones do not move meanwhile
    Json* place_ = nullptr;    // where the value of the last key goes
};

}  // namespace

Json parse_json(std::string_view text, const std::string& what) {
    Json quick;
    if (quick_json(text, quick)) return quick;
    if (nesting(text) > kMaxJsonDepth)
        throw Error(what + " is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels",
                    "ordinary JSON");
    Builder builder;
    if (!Json::sax_parse(text.begin(), text.end(), &builder))
        throw Error(what + " is not JSON: " + reason(builder.problem) + " (it begins with " +
                    quote(text, 40) + ")");
    return std::move(builder.root);
}

Json read_json(const std::string& path) { return parse_json(read_file(path), path); }

std::string dump_json(const Json& value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace moonlet
