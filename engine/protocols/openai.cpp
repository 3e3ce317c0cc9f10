// SPDX-License-Identifier: Apache-2.0
// What came is read before the question whether the transfer went well: an answer that said why it
// ended is whole, whatever happened to the connection after that.
#include "protocols/openai.h"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "core/error.h"
#include "core/progress.h"

namespace moonlet {

namespace {

constexpr double kFirstPause = 0.5, kLongestPause = 8;
constexpr double kLongestAsked = 60;  // a server that asks for more is not waited for
constexpr double kAfterFinish = 5;    // for usage and [DONE] once every choice has ended

bool worth_retrying(int status) {
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

// The beginning of a body that is no JSON, for an error.
std::string glimpse(const std::string& body) {
    return body.empty() ? "an empty body" : "'" + quote(body, 120) + "'";
}

}  // namespace

double retry_after_seconds(const HttpHeaders& headers) {
    char* end = nullptr;
    std::string ms = http_header(headers, "retry-after-ms");
    if (double value = std::strtod(ms.c_str(), &end); !ms.empty() && *end == '\0')
        return std::max(0.0, value / 1000);
    std::string text = http_header(headers, "retry-after");
    if (text.empty()) return -1;
    if (double value = std::strtod(text.c_str(), &end); *end == '\0') return std::max(0.0, value);
    time_t when = curl_getdate(text.c_str(), nullptr);
    return when == -1 ? -1 : std::max(0.0, std::difftime(when, std::time(nullptr)));
}

OpenAiJob::OpenAiJob(OpenAiRequest request)
    : request_(std::move(request)), called_(monotonic_seconds()) {
    if (!request_.key.empty())
        request_.http.headers.emplace_back("Authorization", "Bearer " + request_.key);
    start();
}

void OpenAiJob::start() {
    ++attempt_;
    reader_ = CompletionReader();
    events_ = SseParser();
    form_ = Form::unknown;
    body_.clear();
    started_ = monotonic_seconds();
    http_ = std::make_unique<HttpJob>(request_.http);
    http_->stream(true);
}

void OpenAiJob::add_fds(std::vector<pollfd>& fds) const {
    if (http_ && !done_) http_->add_fds(fds);
}

int OpenAiJob::timeout_ms() const {
    auto until = [](double when) {
        return std::max(0, int(std::ceil((when - monotonic_seconds()) * 1000)));
    };
    if (!http_) return until(retry_at_);
    int limit = http_->timeout_ms();
    if (finished_at_ == 0) return limit;
    int finish = until(finished_at_ + kAfterFinish);
    return limit < 0 ? finish : std::min(limit, finish);
}

std::string OpenAiJob::take() {
    std::string piece;
    piece.swap(pending_);
    return piece;
}

void OpenAiJob::cancel() {
    if (done_) return;
    if (!http_) end_pause();
    done_ = cancelled_ = true;
    http_.reset();
}

void OpenAiJob::end_pause() { report_progress({waiting_for_, pause_, pause_, "s", ""}); }

void OpenAiJob::advance() {
    if (done_) return;
    if (!http_) {
        double left = retry_at_ - monotonic_seconds();
        if (left > 0)
            return report_progress({waiting_for_ + "; pause", pause_ - left, pause_, "s", ""});
        end_pause();
        start();
    }
    http_->advance();
    const HttpResponse& answer = http_->response();
    bool good = http_->headers_complete() && answer.status / 100 == 2;
    if (http_->headers_complete()) request_id_ = http_header(answer.headers, "x-request-id");
    try {
        if (good) read(http_->take());
        if (done_ || !http_) return;
        if (!http_->done()) {
            if (finished_at_ > 0 && monotonic_seconds() > finished_at_ + kAfterFinish) done_ = true;
            return;
        }
        if (good) ended();
        else if (answer.complete) refused(answer);
        else broken(answer.error, true);
    } catch (const Error& e) {  // of the answer's content: sending it again would not mend it
        broken(e.what(), false);
    }
}

void OpenAiJob::read(std::string_view bytes) {
    if (bytes.empty()) return;
    if (form_ == Form::stream) return read_stream(bytes);
    body_ += bytes;
    if (form_ != Form::unknown) return;
    // The content type is not asked: servers name streams and answers wrongly, their first byte
    // does not lie.
    size_t at = body_.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0;
    at = body_.find_first_not_of(" \t\r\n", at);
    if (at == std::string::npos) return;
    form_ = body_[at] == '{' || body_[at] == '[' ? Form::whole : Form::other;
    for (const char* field : {"data:", "event:", "id:", "retry:", ":"}) {
        std::string_view begin(field), here = std::string_view(body_).substr(at);
        if (here.substr(0, begin.size()) == begin) form_ = Form::stream;
        else if (form_ == Form::other && begin.substr(0, here.size()) == here)
            form_ = Form::unknown;  // more of it will tell
    }
    if (form_ == Form::stream) read_stream(body_);
}

void OpenAiJob::read_stream(std::string_view bytes) {
    for (const SseEvent& event : events_.feed(bytes)) {
        if (saw_done_ || event.data.empty()) continue;
        if (event.data == "[DONE]") {
            saw_done_ = true;
            continue;
        }
        Json chunk;
        try {
            chunk = parse_json(event.data, "a chunk of the stream");
        } catch (const Error& e) {
            throw Error(std::string(e.what()) + ": " + quote(event.data));
        }
        if (event.event == "error" && !chunk.contains("error")) chunk = Json{{"error", chunk}};
        bool before = reader_.begun();
        pending_ += reader_.add_chunk(chunk);
        if (reader_.begun()) last_at_ = monotonic_seconds();
        if (!before && reader_.begun()) first_at_ = last_at_;
        if (finished_at_ == 0 && reader_.finished()) finished_at_ = monotonic_seconds();
    }
    if (!saw_done_) return;
    if (!reader_.begun() && !reader_.finished()) throw Error("the stream ended without an answer");
    done_ = true;
    http_->advance();  // its end has come with [DONE] as a rule; then the connection is kept
}

void OpenAiJob::ended() {
    const HttpResponse& answer = http_->response();
    if (form_ == Form::stream) {
        if (reader_.finished()) done_ = true;
        else if (!answer.complete) broken(answer.error, true);
        else broken("the stream ended before the answer did", true);
        return;
    }
    if (!answer.complete) return broken(answer.error, true);
    if (form_ != Form::whole)
        throw Error("no completion but " + http_header(answer.headers, "content-type") + " " +
                    glimpse(body_) + "; is base_url right? It usually ends in /v1");
    Json body = parse_json(body_, "the answer");
    if (request_.completion) pending_ += reader_.add_answer(body);
    else answer_ = std::move(body);
    last_at_ = first_at_ = monotonic_seconds();
    done_ = true;
}

void OpenAiJob::refused(const HttpResponse& answer) {
    std::string words, code;
    try {
        Json body = parse_json(answer.body, "the answer");
        words = provider_message(body);
        code = dump_json(body.is_object() && body.contains("error") ? body["error"] : body, -1);
    } catch (const Error&) {  // many servers say it in HTML or plain text
        words = answer.body.empty() ? "" : glimpse(answer.body);
    }
    int status = answer.status;
    std::string why = "status " + std::to_string(status) + (words.empty() ? "" : ": " + words);
    std::string should = http_header(answer.headers, "x-should-retry");
    bool quota = code.find("insufficient_quota") != std::string::npos;
    bool again = should == "true" || (should != "false" && worth_retrying(status) && !quota);
    double asked = retry_after_seconds(answer.headers);
    if (again && attempt_ <= request_.retries && asked <= kLongestAsked)
        return retry_in(asked, why);
    std::string advice;
    if (status == 401) advice = "check the key: " + request_.key_source;
    else if (status == 403) advice = "this key may not do that; " + request_.key_source;
    else if (status == 404 || status == 405)
        advice = "check the model's name and base_url, which usually ends in /v1";
    else if (status / 100 == 3)
        advice =
            "redirects are not followed, the key would go along; set base_url to the new "
            "address: " +
            http_header(answer.headers, "location");
    else if (quota) advice = "the account has no credit left";
    else if (asked > kLongestAsked) advice = "the server asks to wait " + seconds_text(asked);
    else if (again)
        advice = "tried " + std::to_string(attempt_) + " times; wait a little, or raise retries";
    fail(why + (advice.empty() ? "" : "; " + advice));
}

void OpenAiJob::broken(const std::string& why, bool may_retry) {
    if (reader_.begun()) {
        cut_ = shown(why);
        done_ = true;
        http_.reset();
    } else if (may_retry && attempt_ <= request_.retries) {
        retry_in(-1, why);
    } else {
        fail(why + (attempt_ > 1 ? "; tried " + std::to_string(attempt_) + " times" : ""));
    }
}

void OpenAiJob::retry_in(double seconds, const std::string& why) {
    if (seconds < 0) {
        seconds = std::min(kLongestPause, kFirstPause * std::pow(2.0, attempt_ - 1));
        seconds *= 1 - 0.25 * random_.uniform();
    }
    pause_ = std::max(seconds, 1e-3);
    retry_at_ = monotonic_seconds() + pause_;
    waiting_for_ = shown(request_.name + ": " + quote(why));
    http_.reset();
}

void OpenAiJob::fail(const std::string& why) {
    failure_ = why;
    done_ = true;
}

std::string OpenAiJob::shown(std::string text) const {
    auto hide = [&](const std::string& secret) {
        if (secret.size() < 4) return;  // would blot out innocent words
        for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 5)
            text.replace(at, secret.size(), "[key]");
    };
    hide(request_.key);
    for (const std::string& secret : request_.secrets) hide(secret);
    return text;
}

Json OpenAiJob::result() {
    if (!failure_.empty()) {
        throw Error(shown(request_.name + " at " + shown_url(request_.http.url) + ": " + failure_));
    }
    if (!request_.completion) {
        if (cancelled_) throw Error(request_.name + ": it was cancelled");
        return answer_;
    }
    bool cut = cancelled_ || !cut_.empty();
    Json result = reader_.result(cut);
    if (!cut_.empty()) result["error"] = cut_;
    if (cancelled_) result["cancelled"] = true;
    result["attempts"] = attempt_;
    if (!request_id_.empty()) result["request_id"] = request_id_;
    double end = last_at_ > 0 ? last_at_ : monotonic_seconds();
    if (first_at_ > 0) result["first_token_seconds"] = first_at_ - called_;
    // Between the first piece and the last where they came apart; a whole answer says no more than
    // how long it took.
    bool apart = first_at_ > 0 && end - first_at_ > 1e-3;
    result["completion_seconds"] = apart ? end - first_at_ : end - started_;
    return result;
}

}  // namespace moonlet
