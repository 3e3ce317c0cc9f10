// SPDX-License-Identifier: Apache-2.0
// HTTP and HTTPS as jobs, by libcurl: transfers of one thread share connections and never block.
// Certificates are checked; proxies come from the usual environment variables, except for loopback
// addresses, which are reached directly. It knows no meaning of any body.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocols/job.h"

namespace moonlet {

// In the order given or received. Names received are lower case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
    std::string method = "GET";
    std::string url;  // http or https
    HttpHeaders headers;
    std::string body;              // sent when not empty, and always with POST, PUT and PATCH
    double connect_timeout = 10;   // seconds until the connection stands
    double timeout = 0;            // seconds for the whole transfer; 0 = no limit
    double idle_timeout = 0;       // seconds without a byte in either direction; 0 = no limit
    size_t max_bytes = 64u << 20;  // of the body, unpacked; more is an error
    int max_redirects = 5;         // 0 = a redirect is the answer
    bool compressed = true;  // let the server pack the body; off where it comes piece by piece
};

struct HttpResponse {
    int status = 0;         // 0 = no answer came
    HttpHeaders headers;    // of the last answer, after redirects
    std::string body;       // whole, or up to where it broke off
    std::string url;        // the address that answered
    std::string error;      // why the transfer failed, "" = it is complete
    bool complete = false;  // every byte that was promised is there
    bool timed_out = false;
};

// The value of the header `name` (lower case), "" where there is none.
std::string http_header(const HttpHeaders& headers, std::string_view name);

// The address without user, password and query, which may be keys: for messages. Error: none.
std::string shown_url(const std::string& url);

class HttpJob : public Job {
  public:
    // Starts the transfer. Error: the address is none, or a header holds a line break.
    explicit HttpJob(HttpRequest request);
    ~HttpJob() override;
    HttpJob(const HttpJob&) = delete;
    HttpJob& operator=(const HttpJob&) = delete;

    void add_fds(std::vector<pollfd>& fds) const override;
    int timeout_ms() const override;
    void advance() override;
    bool done() const override;
    void cancel() override;
    // With streaming on, a piece of the body makes the job ready, and take() moves it out, so that
    // response().body stays empty. Off by default.
    void stream(bool on) { stream_ = on; }
    bool ready() const override;
    std::string take() override;
    // {status, headers (an object; several of one name are joined by ", "), body, url}.
    // Error: the transfer failed, with the address and the reason.
    Json result() override;

    // As it stands; final once done().
    const HttpResponse& response() const;
    // The last of the headers have come: status and headers are final.
    bool headers_complete() const;
    const HttpRequest& request() const;

  private:
    struct Transfer;
    std::unique_ptr<Transfer> transfer_;
    bool stream_ = false;
};

// Starts, waits and returns the answer whatever its status. Error: the transfer failed.
HttpResponse http_fetch(HttpRequest request);

}  // namespace moonlet
