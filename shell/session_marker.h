// SPDX-License-Identifier: Apache-2.0
// Which sessions are running, and which have died: one empty file each, named by the session, in a
// folder beside the history. A shell holds a lock on its own as long as it lives, and takes it away
// when it leaves; a file that nobody holds a lock on is what a shell that died left behind. It
// knows no entries.
#pragma once

#include <string>
#include <vector>

namespace moonlet {

class SessionMarker {
  public:
    // Empty folder: nothing is made or found.
    explicit SessionMarker(std::string folder);
    ~SessionMarker();
    SessionMarker(const SessionMarker&) = delete;
    SessionMarker& operator=(const SessionMarker&) = delete;

    // This session runs. Once; also exit() takes its file away, a signal does not.
    void place(const std::string& session);
    void remove();   // it leaves; what it found of others goes too
    void abandon();  // it ends but not as it should: exit() takes nothing away

    // Sessions that died, in the order of their names. Their files are held, so that no other shell
    // finds them, until drop() or the end of this one.
    const std::vector<std::string>& find_dead();
    void drop(const std::string& session);

  private:
    struct Held {
        std::string session;
        int file;
    };
    std::string folder_;
    std::vector<Held> own_, dead_;
    std::vector<std::string> names_;

    std::string path(const std::string& session) const { return folder_ + "/" + session; }
};

}  // namespace moonlet
