// SPDX-License-Identifier: Apache-2.0
// A server in the manner of OpenAI's that does what the model's name says: answer, stream, cut,
// stall, refuse … (the list stands in the .cpp). It computes nothing.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/json.h"
#include "http_server.h"

namespace moonlet::test {

class OpenAiServer {
  public:
    OpenAiServer() : server_([this](const auto& r, auto& c) { serve(r, c); }) {}
    std::string url() const { return server_.url("/v1"); }
    int port() const { return server_.port(); }
    std::vector<ServerRequest> requests() const { return server_.requests(); }

  private:
    void serve(const ServerRequest& request, ServerConnection& connection);

    std::mutex mutex_;
    std::map<std::string, int> calls_;  // how often each model was asked
    HttpServer server_;
};

}  // namespace moonlet::test
