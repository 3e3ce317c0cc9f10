// SPDX-License-Identifier: Apache-2.0
#include "protocols/hub_request.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "protocols/openai.h"
#include "protocols/url.h"

namespace moonlet {

namespace {

constexpr double kFirstPause = 0.5, kLongestPause = 8;
constexpr double kLongestAsked = 300;  // a server that asks for more is not waited for
constexpr int kMaxRedirects = 10;
constexpr size_t kLongestBody = 256u << 20;  // of a listing

bool worth_retrying(int status) { return status == 408 || status == 429 || status >= 500; }

bool leads_on(const HttpResponse& answer) {
    int s = answer.status;
    return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
           !http_header(answer.headers, "location").empty();
}

// Seconds until tried again by Retry-After, or by RateLimit: "api";r=0;t=55. -1 = not said.
double asked_pause(const HttpHeaders& headers) {
    double seconds = retry_after_seconds(headers);
    if (seconds >= 0) return seconds;
    std::string limit = http_header(headers, "ratelimit");
    size_t rest = limit.find(";r=0"), at = limit.find(";t=");
    if (rest == std::string::npos || at == std::string::npos) return -1;
    return std::max(0.0, std::atof(limit.c_str() + at + 3));
}

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g s", seconds);
    return text;
}

}  // namespace

HubRequestJob::HubRequestJob(HubAccess access, std::string method, std::string url,
                             HttpHeaders headers, bool streamed)
    : access_(std::move(access)),
      method_(std::move(method)),
      first_url_(std::move(url)),
      url_(first_url_),
      headers_(std::move(headers)),
      streamed_(streamed) {
    start();
}

void HubRequestJob::start() {
    HttpRequest request;
    request.method = method_;
    request.url = url_;
    request.headers = headers_;
    request.max_redirects = 0;
    request.max_bytes = streamed_ ? size_t(-1) : kLongestBody;
    request.connect_timeout = access_.connect_timeout;
    request.idle_timeout = access_.idle_timeout;
    request.compressed = false;
    request.headers.emplace_back("Accept-Encoding", "identity");  // bytes as they are, ranges
    if (!access_.token.empty() && url_origin(url_) == url_origin(access_.endpoint))
        request.headers.emplace_back("Authorization", "Bearer " + access_.token);
    pausing_.clear();
    http_ = std::make_unique<HttpJob>(std::move(request));
    http_->stream(streamed_);
}

void HubRequestJob::add_fds(std::vector<pollfd>& fds) const {
    if (http_ && !done_) http_->add_fds(fds);
}

int HubRequestJob::timeout_ms() const {
    if (http_) return http_->timeout_ms();
    return std::max(0, int(std::ceil((retry_at_ - monotonic_seconds()) * 1000)));
}

bool HubRequestJob::answered() const {
    if (!http_) return done_ && failure_.empty();
    const HttpResponse& answer = http_->response();
    return http_->headers_complete() && answer.status / 100 == 2;
}

bool HubRequestJob::ready() const { return done_ || (streamed_ && answered() && http_->ready()); }

std::string HubRequestJob::take() { return http_ && answered() ? http_->take() : ""; }

void HubRequestJob::advance() {
    if (done_) return;
    if (!http_) {
        if (monotonic_seconds() < retry_at_) return;
        start();
    }
    http_->advance();
    if (http_->done()) ended();
}

void HubRequestJob::ended() {
    const HttpResponse& answer = http_->response();
    if (first_.empty() && answer.status > 0 && !worth_retrying(answer.status))
        first_ = answer.headers;
    if (answer.status / 100 == 2 && (answer.complete || streamed_)) {
        done_ = true;
        failure_ = shown(answer.error);  // a stream that was cut is the reader's to go on with
        return;
    }
    if (leads_on(answer)) {
        try {
            std::string next = resolved_url(url_, http_header(answer.headers, "location"));
            bool elsewhere = url_origin(next) != url_origin(access_.endpoint);
            if (method_ == "HEAD" && elsewhere) {
                done_ = true;
                return;
            }
            if (url_.rfind("https:", 0) == 0 && next.rfind("http:", 0) == 0)
                return fail("it redirects from https to http");
            if (++redirects_ > kMaxRedirects)
                return fail("more than " + std::to_string(kMaxRedirects) + " redirects");
            url_ = next;
            start();
        } catch (const Error& e) {
            fail(std::string("a redirect that leads nowhere: ") + e.what());
        }
        return;
    }
    if (answer.complete && !worth_retrying(answer.status)) {
        done_ = true;
        return;
    }
    double asked = asked_pause(answer.headers);
    std::string why = answer.complete ? "status " + std::to_string(answer.status) : answer.error;
    bool certificate = why.find("certificate") != std::string::npos;
    // Nothing reached: with a cache to fall back on it is said soon, a download waits for longer.
    int tries = answer.status == 0 && !streamed_ ? std::min(1, access_.retries) : access_.retries;
    if (attempt_ < tries && asked <= kLongestAsked && !certificate) return retry(asked, why);
    if (answer.complete) {  // its status says what it means
        done_ = true;
        return;
    }
    fail(why + (attempt_ > 0 ? "; tried " + std::to_string(attempt_ + 1) + " times" : ""));
}

void HubRequestJob::retry(double seconds, const std::string& why) {
    if (seconds < 0) seconds = std::min(kLongestPause, kFirstPause * std::pow(2.0, attempt_));
    ++attempt_;
    retry_at_ = monotonic_seconds() + seconds;
    pausing_ = shown(quote(why, 100)) + "; again in " + seconds_text(seconds);
    url_ = first_url_;
    redirects_ = 0;
    last_ = http_->response();
    http_.reset();
}

void HubRequestJob::fail(const std::string& why) {
    failure_ = shown(why);
    done_ = true;
}

void HubRequestJob::cancel() {
    if (done_) return;
    fail("it was cancelled");
    if (http_) http_->cancel();
}

std::string HubRequestJob::shown(std::string text) const {
    return without_token(std::move(text), access_.token);
}

std::string without_token(std::string text, const std::string& token) {
    if (token.size() < 4) return text;  // would blot out innocent words
    for (size_t at = 0; (at = text.find(token, at)) != std::string::npos;)
        text.replace(at, token.size(), "[token]");
    return text;
}

Json HubRequestJob::result() {
    if (!failure_.empty())
        throw Error(shown(method_ + " " + shown_url(first_url_) + ": " + failure_));
    const HttpResponse& answer = response();
    auto object = [this](const HttpHeaders& headers) {
        Json all = Json::object();
        for (const auto& [name, value] : headers) all.emplace(name, shown(value));
        return all;
    };
    return {{"status", answer.status},
            {"headers", object(answer.headers)},
            {"first", object(first_)},
            {"body", shown(answer.body)},
            {"url", shown_url(answer.url.empty() ? first_url_ : answer.url)}};
}

std::string hub_refusal(int status, const HttpHeaders& headers, const std::string& body,
                        const std::string& page, bool had_token) {
    std::string code = http_header(headers, "x-error-code");
    std::string words = http_header(headers, "x-error-message");
    if (words.empty() && !body.empty() && body[0] != '<') {
        Json json = Json::parse(body, nullptr, false);
        if (json.is_object() && json.contains("error") && json["error"].is_string())
            words = json["error"].get<std::string>();
    }
    std::string text = "status " + std::to_string(status);
    if (!words.empty()) text += ", " + quote(words, 200);
    const std::string token = had_token ? "the token that was sent does not open it"
                                        : "no token was sent: set HF_TOKEN or give token=";
    if (code == "GatedRepo")
        return text + "; the model is gated: accept its terms at " + page +
               (had_token ? " with the account of the token that was sent"
                          : ", then set HF_TOKEN or give token=");
    if (status == 401 && words.find("Invalid credentials") != std::string::npos)
        return text + "; the token is wrong or has expired: check HF_TOKEN";
    if (code == "RevisionNotFound")
        return text + "; the model is there, this revision is not: see the branches and tags at " +
               page + "/tree/main";
    if (code == "EntryNotFound")
        return text + "; the model is there, this file is not: see " + page + "/tree/main";
    if (code == "RepoNotFound" || status == 404)
        return text + "; there is no such model, or it is private: check the name (" + token + ")";
    if (status == 401)
        return text + "; there is no such model, or it is private or gated: see " + page + " (" +
               token + ")";
    if (status == 403) return text + "; access is refused: see " + page + " (" + token + ")";
    if (status == 429) {
        double asked = asked_pause(headers);
        return text + "; too many requests" +
               (asked > 0 ? ", the server asks to wait " + seconds_text(asked)
                          : "; try again later") +
               (had_token ? "" : "; with a token more are allowed");
    }
    if (status >= 500) return text + "; the server is in trouble; try again later";
    if (status / 100 == 3) return text + "; a redirect that leads nowhere";
    return text + "; is the endpoint a model hub?";
}

}  // namespace moonlet
