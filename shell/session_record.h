// SPDX-License-Identifier: Apache-2.0
// A session as it happens, in a file: every entry before it runs and how it ended, and between the
// two what models answered, so that it can be replayed where there is no model and no network.
// Lines of JSON (data_text.h), each appended by one write():
//     {"moonlet_record":1,…}
//     {"entry":3,"text":"m:generate 'Once'","columns":80}
//     {"call":"generate","class":"Model","on":1,"given":"…","pieces":[…],"results":[…]}
//     {"ran":3,"worked":true,"output":"…","seeds":"…","random":"…"}
// Keys typed as api_key="…" do not reach it. What calls are: stdlib/recording.lua.
#pragma once

#include <string>
#include <string_view>

#include "shell/script.h"
#include "shell/session.h"

namespace moonlet {

class SessionRecorder {
  public:
    SessionRecorder() = default;
    ~SessionRecorder();
    SessionRecorder(const SessionRecorder&) = delete;
    SessionRecorder& operator=(const SessionRecorder&) = delete;

    // "" when it records from here on, else why not. A file that is there is written over only when
    // it is a record.
    std::string start(Session& session, const std::string& path);

  private:
    int file_ = -1;
};

bool is_session_record(std::string_view text);

// Every entry as if it were typed, models.load and what it gives from the record. Says on stderr
// where something else is printed, and fails then.
ScriptResult replay_record(Session& session, const std::string& text);

}  // namespace moonlet
