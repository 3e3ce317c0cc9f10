// SPDX-License-Identifier: Apache-2.0
// One request to a model hub as a job. Redirects are followed here and not by libcurl, because the
// token may be told to the hub's own origin only: a content delivery network never sees it. Tried
// again is what nobody has seen anything of: no connection, 408, 429, 5xx, before the first byte;
// pauses double from 0.5 s to 8 s, or are what Retry-After (or RateLimit's t) asks, up to five
// minutes. It knows HTTP and the hub's headers, no file and no cache.
#pragma once

#include <memory>
#include <string>

#include "protocols/http.h"

namespace moonlet {

struct HubAccess {
    std::string endpoint;  // "https://huggingface.co"
    std::string token;  // sent as "Authorization: Bearer …" to the endpoint's origin; "" = none
    int retries = 5;    // tries after the first
    double connect_timeout = 10, idle_timeout = 30;  // seconds
};

class HubRequestJob : public Job {
  public:
    // HEAD asks what the hub itself says: it stays at the endpoint's origin, and an answer that
    // leads elsewhere is the answer. Error: an address is none.
    // `streamed`: the body of a 2xx answer comes by take(), and its end cut off is no reason to try
    // again; else it is whole or the request has failed.
    HubRequestJob(HubAccess access, std::string method, std::string url, HttpHeaders headers = {},
                  bool streamed = false);

    void add_fds(std::vector<pollfd>& fds) const override;
    int timeout_ms() const override;
    void advance() override;
    bool done() const override { return done_; }
    void cancel() override;
    bool ready() const override;
    std::string take() override;
    // {status, headers, first (headers of the first answer, which the hub gives before it sends
    // elsewhere), body, url}. Error: no answer came; says why.
    Json result() override;

    // The headers of the final answer are there.
    bool answered() const;
    const HttpResponse& response() const { return http_ ? http_->response() : last_; }
    // Why no answer came, or why it is not whole; "" = none of these.
    const std::string& failure() const { return failure_; }
    // What it waits for before it tries again, "" = it does not.
    const std::string& pausing() const { return pausing_; }

  private:
    void start();
    void ended();
    void retry(double seconds, const std::string& why);
    void fail(const std::string& why);
    std::string shown(std::string text) const;

    HubAccess access_;
    std::string method_, first_url_, url_;
    HttpHeaders headers_, first_;
    std::unique_ptr<HttpJob> http_;
    HttpResponse last_;
    std::string failure_, pausing_;
    int attempt_ = 0, redirects_ = 0;
    double retry_at_ = 0;
    bool streamed_, done_ = false;
};

// `text` with "[token]" in the place of the token: for what a server sends back.
std::string without_token(std::string text, const std::string& token);

// What an answer other than 2xx means and what to do, for `what` ("model org/name", "file x of …"):
// the hub's X-Error-Code tells a missing repository, revision and file and a gated model apart.
std::string hub_refusal(int status, const HttpHeaders& headers, const std::string& body,
                        const std::string& page, bool had_token);

}  // namespace moonlet
