// SPDX-License-Identifier: Apache-2.0
// <tool_call>{"name": …, "arguments": {…}}</tool_call>, any number, anywhere in the text. A call
// ends at its closing mark, at the next opening one or with the text. A mark inside a JSON string
// is part of the string, if reading on gives a call; else it was a quotation mark too few, and the
// call ends there, broken.
#include "templates/tool_calls.h"

namespace moonlet {

namespace {

constexpr std::string_view kOpen = "<tool_call>", kClose = "</tool_call>";

class HermesParser : public ToolCallParser {
    size_t searched_ = 0;  // of rest, where no mark begins

    Step finished(std::string_view rest, size_t end, bool closed) {
        Step step{Step::call, end + (closed ? kClose.size() : 0),
                  read_tool_call(rest.substr(kOpen.size(), end - kOpen.size()))};
        return step;
    }

    Step next(std::string_view rest, bool fresh, bool ended) override {
        if (fresh) searched_ = kOpen.size();
        if (rest.substr(0, kOpen.size()) != kOpen) {
            size_t end = find_mark(rest, kOpen, ended);
            return end > 0 ? Step{Step::text, end} : Step{Step::wait};
        }
        // Without a new '<' there is no new mark: a long call is not read again for every piece.
        if (!ended && rest.find('<', searched_) == std::string_view::npos) {
            searched_ = std::max(searched_, rest.size());
            return {Step::wait};
        }
        std::string_view body = rest.substr(kOpen.size());
        size_t first = std::string_view::npos;  // the first mark, which stood inside a string
        for (size_t at = kOpen.size(); (at = rest.find('<', at)) != std::string_view::npos; ++at) {
            bool closes = rest.substr(at, kClose.size()) == kClose;
            if (!closes && rest.substr(at, kOpen.size()) != kOpen) continue;
            if (!inside_json_string(body, at - kOpen.size())) {
                Step step = finished(rest, at, closes);
                if (step.made.error.empty() || first == std::string_view::npos) return step;
                break;
            }
            if (first == std::string_view::npos) first = at;
        }
        bool broken = first != std::string_view::npos && broken_behind(rest, first);
        if (!ended && !broken) return {Step::wait};
        if (!broken) {  // the text ends within the call
            Step step = finished(rest, rest.size(), false);
            if (step.made.error.empty() || first == std::string_view::npos) return step;
        }
        return finished(rest, first, rest.substr(first, kClose.size()) == kClose);
    }

    // A mark outside the strings stands behind `first`, and the text up to it was no call.
    static bool broken_behind(std::string_view rest, size_t first) {
        std::string_view body = rest.substr(kOpen.size());
        for (size_t at = first + 1; (at = rest.find('<', at)) != std::string_view::npos; ++at) {
            bool mark =
                rest.substr(at, kClose.size()) == kClose || rest.substr(at, kOpen.size()) == kOpen;
            if (mark && !inside_json_string(body, at - kOpen.size())) return true;
        }
        return false;
    }
};

}  // namespace

std::unique_ptr<ToolCallParser> make_hermes_parser() { return std::make_unique<HermesParser>(); }

}  // namespace moonlet
