// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for tests that lets its handler write any bytes at any time: cut answers,
// delays and broken protocols are what it is for. One thread per connection, loopback only, port
// chosen by the system. Knows nothing of what it serves.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace moonlet::test {

struct ServerRequest {
    std::string method, path, body;
    std::map<std::string, std::string> headers;  // names in lower case
    int number = 0;                              // how many this server had before it
};

class ServerConnection {
  public:
    ServerConnection(int fd, const std::atomic<bool>& stopping) : fd_(fd), stopping_(stopping) {}
    bool send(std::string_view bytes);  // false when the other side has gone
    // A whole answer with Content-Length; more header lines end with "\r\n" each.
    void answer(int status, std::string_view type, std::string_view body,
                const std::string& more = "");
    void begin_stream(std::string_view type = "text/event-stream");  // chunked
    bool chunk(std::string_view bytes);
    void end_stream() { send("0\r\n\r\n"); }
    void sleep(double seconds);  // ends early when the server stops or the client goes
    void close() { closed_ = true; }
    void reset();  // the connection ends with RST
    bool closed() const { return closed_; }

  private:
    int fd_;
    const std::atomic<bool>& stopping_;
    bool closed_ = false;
};

class HttpServer {
  public:
    using Handler = std::function<void(const ServerRequest&, ServerConnection&)>;
    explicit HttpServer(Handler handler);
    ~HttpServer();
    int port() const { return port_; }
    std::string url(const std::string& path = "") const;
    std::vector<ServerRequest> requests() const;  // so far, in order of arrival

  private:
    void serve(int fd);
    Handler handler_;
    int listener_ = -1, port_ = 0;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    std::vector<ServerRequest> requests_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace moonlet::test
