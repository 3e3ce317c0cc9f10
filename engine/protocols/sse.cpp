// SPDX-License-Identifier: Apache-2.0
#include "protocols/sse.h"

#include <algorithm>

#include "core/error.h"
#include "core/json.h"

namespace moonlet {

namespace {

// `text` with U+FFFD for what is no UTF-8: the JSON writer knows how.
std::string valid_utf8(std::string text) {
    if (std::all_of(text.begin(), text.end(), [](char c) { return c > 0; })) return text;
    return parse_json(dump_json(Json(std::move(text)), -1), "an event").get<std::string>();
}

bool all_digits(const std::string& text) {
    return !text.empty() && text.size() < 9 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::vector<SseEvent> SseParser::feed(std::string_view bytes) {
    std::vector<SseEvent> events;
    while (!bytes.empty()) {
        if (after_cr_ && bytes.front() == '\n') bytes.remove_prefix(1);
        after_cr_ = false;
        size_t end = bytes.find_first_of("\r\n");
        line_ += bytes.substr(0, end);
        if (line_.size() + data_.size() > max_bytes_)
            throw Error("an event of the stream is longer than " + std::to_string(max_bytes_) +
                        " bytes");
        if (end == std::string_view::npos) break;
        after_cr_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        end_line(events);
        line_.clear();
    }
    return events;
}

void SseParser::end_line(std::vector<SseEvent>& events) {
    if (first_line_ && line_.rfind("\xEF\xBB\xBF", 0) == 0) line_.erase(0, 3);
    first_line_ = false;
    if (line_.empty()) {
        if (has_data_) {
            data_.pop_back();  // the last data line's end
            events.push_back({event_.empty() ? "message" : event_, valid_utf8(data_), id_});
        }
        event_.clear();
        data_.clear();
        has_data_ = false;
        return;
    }
    size_t colon = line_.find(':');
    std::string name = line_.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : line_.substr(colon + 1);
    if (!value.empty() && value[0] == ' ') value.erase(0, 1);
    if (name == "data") {
        data_ += value + "\n";
        has_data_ = true;
    } else if (name == "event") {
        event_ = value;
    } else if (name == "id") {
        if (value.find('\0') == std::string::npos) id_ = value;
    } else if (name == "retry" && all_digits(value)) {
        retry_ms_ = std::stoi(value);
    }
}

}  // namespace moonlet
