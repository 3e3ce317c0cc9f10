// SPDX-License-Identifier: Apache-2.0
// One file from a hub to a path as a job: taken up where an earlier try broke off, checked against
// its hash, and there under its name only when it is whole. What came of it stays in `partial` when
// it is cancelled or the connection dies; wrong bytes are never kept. A lock file keeps two
// processes from writing one partial file; the second finds the file there. Knows no cache layout.
#pragma once

#include <memory>
#include <string>

#include "core/sha1.h"
#include "core/sha256.h"
#include "protocols/hub_request.h"

namespace moonlet {

struct DownloadFile {
    std::string name;  // as people call it, for messages
    std::string url;
    std::string path;     // where it appears
    std::string partial;  // where it grows; what is there is gone on with. On path's file system
    std::string lock;     // held by flock(2) meanwhile
    int64_t bytes = -1;   // what it must have; -1 = not known
    std::string hash;     // 64 hexadecimal digits: its SHA-256; 40: git's id of it; "" = not known
    std::string etag;     // asked for by If-Range where there is no hash, so that a changed file
                          // begins anew
    std::string page;     // where a person may see it, for messages
    bool force = false;   // also when it is there
};

class DownloadJob : public Job {
  public:
    DownloadJob(DownloadFile file, HubAccess access);
    ~DownloadJob() override;
    DownloadJob(const DownloadJob&) = delete;
    DownloadJob& operator=(const DownloadJob&) = delete;

    void add_fds(std::vector<pollfd>& fds) const override;
    int timeout_ms() const override;
    void advance() override;
    bool done() const override { return state_ == State::done; }
    void cancel() override;
    // {name, bytes, received, there (nothing was to be done), resumed}. Error: with the name, the
    // reason and what to do.
    Json result() override;

    const DownloadFile& file() const { return file_; }
    int64_t have() const { return have_; }          // bytes on disk
    int64_t received() const { return received_; }  // bytes that came over the network
    const std::string& failure() const { return failure_; }
    std::string waiting() const;  // "" or what for

  private:
    enum class State { lock, ask, receive, pause, check, done };
    bool take_lock();
    void open_partial();
    void ask();
    void begin_answer();
    void receive();
    void broken(const std::string& why);
    void write(std::string_view bytes);
    void begin_anew();
    bool hash_some();  // false: all that is there is hashed
    void check();
    void finish();
    void fail(const std::string& why);
    void close_files();

    DownloadFile file_;
    HubAccess access_;
    State state_ = State::lock;
    std::unique_ptr<HubRequestJob> request_;
    std::unique_ptr<Sha1> sha1_;
    std::unique_ptr<Sha256> sha256_;
    std::string failure_, validator_, pause_why_;
    int fd_ = -1, lock_fd_ = -1, tries_ = 0;
    int64_t have_ = 0, hashed_ = 0, received_ = 0, flushed_ = 0, at_start_ = 0;
    double wake_ = 0, lock_since_ = 0;
    bool begun_ = false, there_ = false, resumed_ = false, second_ = false;
};

}  // namespace moonlet
