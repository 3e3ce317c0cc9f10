// SPDX-License-Identifier: Apache-2.0
// A model hub for tests, and beside it the other host that large files come from: two servers on
// two ports. What goes wrong is in the repository's name (the list stands in the .cpp). Answers
// have the headers that huggingface.co gives. It stores nothing.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/json.h"
#include "http_server.h"

namespace moonlet::test {

class HubServer {
  public:
    static constexpr const char* kToken = "hf_testtesttesttest";
    // "org/tiny" is made of the files of `folder`, where there is one.
    explicit HubServer(const std::string& folder = "");
    std::string url(const std::string& path = "") const { return hub_.url(path); }
    std::string other_host() const { return store_.url(); }
    std::vector<ServerRequest> requests() const { return hub_.requests(); }
    std::vector<ServerRequest> other_requests() const { return store_.requests(); }

    struct File {
        std::string name, content;
        bool large = false;  // in LFS: its hash is a SHA-256 and it comes from the other host
        std::string hash() const;
    };
    // What `id` holds at `revision` now, and its commit.
    std::vector<File> files(const std::string& id) const;
    std::string commit(const std::string& id) const;

  private:
    void serve(const ServerRequest& request, ServerConnection& connection);
    void serve_store(const ServerRequest& request, ServerConnection& connection);
    void list(const std::string& id, const std::string& revision, ServerConnection& connection);
    void file(const ServerRequest& request, const std::string& id, const std::string& revision,
              const std::string& name, ServerConnection& connection);
    int count(const std::string& what);  // how often before

    std::vector<File> tiny_;
    mutable std::mutex mutex_;
    std::map<std::string, int> counts_;
    HttpServer hub_, store_;
};

}  // namespace moonlet::test
