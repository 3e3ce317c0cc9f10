// SPDX-License-Identifier: Apache-2.0
// Server-sent events (WHATWG HTML, "Server-sent events", 9.2.5 and 9.2.6): bytes in pieces of any
// size, events out; how the bytes are cut makes no difference. Lines end with LF, CRLF or CR; an
// event that no blank line ends is never given out. It knows nothing of what events mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moonlet {

struct SseEvent {
    std::string event;  // its type, "message" where none was sent
    std::string data;   // the data lines joined by "\n", valid UTF-8
    std::string id;     // the last id sent so far
};

class SseParser {
  public:
    // An event longer than max_bytes is an Error: the other side may never end it.
    explicit SseParser(size_t max_bytes = 16u << 20) : max_bytes_(max_bytes) {}
    // The events that end within `bytes`.
    std::vector<SseEvent> feed(std::string_view bytes);
    // Milliseconds to wait before asking again, when the server said so; else -1.
    int retry_ms() const { return retry_ms_; }
    // Whether an event has begun that nothing has ended.
    bool inside_event() const { return !line_.empty() || has_data_; }

  private:
    void end_line(std::vector<SseEvent>& events);

    size_t max_bytes_;
    std::string line_, event_, data_, id_;
    bool has_data_ = false, after_cr_ = false, first_line_ = true;
    int retry_ms_ = -1;
};

}  // namespace moonlet
