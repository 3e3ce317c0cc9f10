// SPDX-License-Identifier: Apache-2.0
// Llama 3's JSON calls: the answer begins with {"name": …, "parameters": {…}}, or such an object
// stands behind <|python_tag|>; more of them may follow, parted by ';', ',' or white space. An
// object at the beginning that has neither name nor parameters is text, as is any later one.
#include "templates/tool_calls.h"

namespace moonlet {

namespace {

constexpr std::string_view kTag = "<|python_tag|>";

class Llama3Parser : public ToolCallParser {
    bool may_call_ = true;  // at the beginning of the answer, or right behind a call
    bool behind_call_ = false;
    size_t searched_ = 0;  // of rest, where no brace closes

    static bool speaks_of_a_call(std::string_view object) {
        auto has = [&](const char* word) { return object.find(word) != std::string_view::npos; };
        return has("\"name\"") && (has("\"parameters\"") || has("\"arguments\""));
    }

    Step call(std::string_view object, size_t bytes) {
        behind_call_ = may_call_ = true;
        return {Step::call, bytes, read_tool_call(object)};
    }

    Step text(size_t bytes) {
        may_call_ = false;
        return {Step::text, bytes};
    }

    // The object that begins at rest[begin]; `forced`: a tag says that it is a call.
    Step object(std::string_view rest, size_t begin, bool forced, bool ended) {
        if (!ended && rest.find('}', std::max(begin, searched_)) == std::string_view::npos) {
            searched_ = rest.size();
            return {Step::wait};
        }
        std::string_view from = rest.substr(begin);
        size_t length = json_object_end(from);
        if (length == std::string_view::npos) {
            if (!ended) return {Step::wait};
            length = from.size();
        }
        std::string_view json = from.substr(0, length);
        if (forced || speaks_of_a_call(json)) return call(json, begin + length);
        return text(length);
    }

    // Behind the tag stands an object, or a call in some other language, which nobody here runs.
    Step tagged(std::string_view rest, bool ended) {
        size_t begin = rest.find_first_not_of(" \t\r\n", kTag.size());
        if (begin != std::string_view::npos && rest[begin] == '{')
            return object(rest, begin, true, ended);
        if (!ended) return {Step::wait};
        return call(rest.substr(kTag.size()), rest.size());
    }

    Step next(std::string_view rest, bool fresh, bool ended) override {
        if (fresh) searched_ = 0;
        if (rest.substr(0, kTag.size()) == kTag) return tagged(rest, ended);
        if (may_call_) {
            size_t at = rest.find_first_not_of(behind_call_ ? " \t\r\n;," : " \t\r\n");
            if (at == std::string_view::npos) return ended ? text(rest.size()) : Step{Step::wait};
            bool tag = rest.substr(at, kTag.size()) == kTag;
            if (at > 0 && (rest[at] == '{' || tag))
                return {behind_call_ ? Step::drop : Step::text, at};
            if (rest[at] == '{') return object(rest, 0, false, ended);
            if (!ended && kTag.substr(0, rest.size() - at) == rest.substr(at)) return {Step::wait};
        }
        size_t end = find_mark(rest, kTag, ended);
        return end > 0 ? text(end) : Step{Step::wait};
    }
};

}  // namespace

std::unique_ptr<ToolCallParser> make_llama3_parser() { return std::make_unique<Llama3Parser>(); }

}  // namespace moonlet
