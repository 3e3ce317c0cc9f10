// SPDX-License-Identifier: Apache-2.0
// The cache of huggingface_hub on disk, so that what one pulls the other finds:
//   <cache>/models--<org>--<name>/refs/<branch>              the commit a branch or tag stands for
//                                 blobs/<etag>               contents, each once
//                                 snapshots/<commit>/<file>  relative links to blobs
//                                 .no_exist/<commit>/<file>  empty: the repository has no such file
//   <cache>/.locks/models--<org>--<name>/<etag>.lock         held by flock while a blob is written
// The etag is git's id of the file, or the SHA-256 of what git LFS holds. Names that come from a
// server are checked: nothing is ever written outside the repository's folder. It knows paths and
// links; nothing here opens a connection or reads a content.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moonlet {

// "name" or "org/name" as the hub allows it: letters, digits, '-', '_', '.', at most 96 of them
// a part, no "--", no "..", no '-' or '.' at either end, not ".git".
bool is_hub_id(const std::string& text);
bool is_commit(const std::string& revision);  // 40 lower-case hexadecimal digits

class HubCache {
  public:
    explicit HubCache(std::string folder) : folder_(std::move(folder)) {}
    const std::string& folder() const { return folder_; }

    // All of them: Error where the id, the revision, the file or the etag is none or would lead
    // outside.
    std::string repository(const std::string& id) const;
    std::string blob(const std::string& id, const std::string& etag) const;
    std::string partial(const std::string& id, const std::string& etag) const;
    std::string lock(const std::string& id, const std::string& etag) const;
    std::string snapshot(const std::string& id, const std::string& commit) const;
    std::string file(const std::string& id, const std::string& commit,
                     const std::string& name) const;

    // The commit that `revision` stood for when it was last asked for: itself, or what refs/ says.
    // "" = not known here.
    std::string commit(const std::string& id, const std::string& revision) const;
    // Makes the folders of a commit and says of the whole cache that backups may leave it out.
    void prepare(const std::string& id, const std::string& commit) const;
    void set_commit(const std::string& id, const std::string& revision,
                    const std::string& commit) const;
    // Makes snapshots/<commit>/<name> a link to the blob, in the place of what was there. Two
    // processes may do it at once.
    void link(const std::string& id, const std::string& commit, const std::string& name,
              const std::string& etag) const;
    void set_absent(const std::string& id, const std::string& commit,
                    const std::string& name) const;
    bool absent(const std::string& id, const std::string& commit, const std::string& name) const;

    struct File {
        std::string name;  // with '/' between folders
        int64_t bytes = 0;
    };
    // What a snapshot holds, sorted by name; links whose blob is gone are left out. None: empty.
    std::vector<File> files(const std::string& id, const std::string& commit) const;

    // Bytes that may still be written there.
    int64_t free_bytes() const;

    struct Snapshot {
        std::string id, commit;
        std::vector<std::string> revisions;  // the refs that stand for it, sorted
    };
    // Every snapshot of every model here, sorted by id; an unreadable cache is an empty one.
    std::vector<Snapshot> snapshots() const;

  private:
    std::string folder_;
};

}  // namespace moonlet
