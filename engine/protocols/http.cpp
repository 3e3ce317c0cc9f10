// SPDX-License-Identifier: Apache-2.0
// libcurl's multi interface in its socket form: it says which descriptors it waits for, and those
// are handed to whoever polls. One multi handle per thread, so that connections are used again.
#include "protocols/http.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>

#include "core/error.h"

namespace moonlet {

namespace {

constexpr double kNever = -1;

std::string lower(std::string text) {
    for (char& c : text) c = char(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

std::string trimmed(std::string_view s) {
    size_t a = s.find_first_not_of(" \t\r\n"), b = s.find_last_not_of(" \t\r\n");
    return a == std::string_view::npos ? "" : std::string(s.substr(a, b - a + 1));
}

struct UrlParts {
    std::string scheme, host, shown;  // shown: without user, password and query, which may be keys
};

UrlParts split_url(const std::string& url) {
    std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
    CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
    auto part = [&](CURLUPart which) {
        char* text = nullptr;
        std::string value;
        if (curl_url_get(parsed.get(), which, &text, 0) == CURLUE_OK) value = text;
        curl_free(text);
        return value;
    };
    UrlParts parts{part(CURLUPART_SCHEME), part(CURLUPART_HOST), ""};
    bool web = parts.scheme == "http" || parts.scheme == "https";
    if (code != CURLUE_OK || !web)
        throw Error("the address '" + quote(url.substr(0, url.find('?'))) + "' is no web address",
                    "http://host/path or https://host/path");
    std::string port = part(CURLUPART_PORT);
    parts.shown =
        parts.scheme + "://" + parts.host + (port.empty() ? "" : ":" + port) + part(CURLUPART_PATH);
    return parts;
}

bool loopback(const std::string& host) {
    return host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

// ---- the transfers of one thread

class Multi {
  public:
    static std::shared_ptr<Multi> of_this_thread() {
        static std::once_flag once;
        std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
        static thread_local std::shared_ptr<Multi> multi = std::make_shared<Multi>();
        return multi;
    }

    Multi() : handle(curl_multi_init()) {
        curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(handle, CURLMOPT_TIMERDATA, this);
    }
    ~Multi() { curl_multi_cleanup(handle); }
    Multi(const Multi&) = delete;
    Multi& operator=(const Multi&) = delete;

    std::vector<pollfd> fds() const {
        std::vector<pollfd> list;
        for (auto [fd, events] : sockets_) list.push_back({fd, events, 0});
        return list;
    }

    int timeout_ms() const {
        if (deadline_ == kNever) return -1;
        return std::max(0, int(std::ceil((deadline_ - monotonic_seconds()) * 1000)));
    }

    // Moves every transfer on; `finished(easy, code)` is called for those that ended.
    template <class Finished>
    void advance(Finished finished) {
        int running = 0;
        auto list = fds();
        if (!list.empty() && poll(list.data(), nfds_t(list.size()), 0) > 0) {
            for (const pollfd& fd : list) {
                int mask = 0;
                if (fd.revents & (POLLIN | POLLHUP)) mask |= CURL_CSELECT_IN;
                if (fd.revents & POLLOUT) mask |= CURL_CSELECT_OUT;
                if (fd.revents & (POLLERR | POLLNVAL)) mask |= CURL_CSELECT_ERR;
                if (mask) curl_multi_socket_action(handle, fd.fd, mask, &running);
            }
        }
        if (deadline_ != kNever && monotonic_seconds() >= deadline_) {
            deadline_ = kNever;
            curl_multi_socket_action(handle, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(handle, &left))
            if (message->msg == CURLMSG_DONE) finished(message->easy_handle, message->data.result);
    }

    CURLM* handle;

  private:
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
        auto& sockets = static_cast<Multi*>(self)->sockets_;
        if (what == CURL_POLL_REMOVE) {
            sockets.erase(fd);
            return 0;
        }
        int events = (what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0);
        sockets[fd] = short(events);
        return 0;
    }

    static int on_timer(CURLM*, long ms, void* self) {
        static_cast<Multi*>(self)->deadline_ = ms < 0 ? kNever : monotonic_seconds() + ms * 1e-3;
        return 0;
    }

    std::map<int, short> sockets_;
    double deadline_ = kNever;
};

// ---- one transfer

struct HttpJob::Transfer {
    std::shared_ptr<Multi> multi = Multi::of_this_thread();
    CURL* easy = curl_easy_init();
    curl_slist* header_list = nullptr;
    HttpRequest request;
    HttpResponse response;
    UrlParts url;
    char error[CURL_ERROR_SIZE] = "";
    std::string refusal;  // why we ended it ourselves
    size_t received = 0;
    curl_off_t moved = 0;
    double started = monotonic_seconds(), active = started;
    bool headers_complete = false, done = false, attached = false;

    ~Transfer() {
        detach();
        curl_easy_cleanup(easy);
        curl_slist_free_all(header_list);
    }

    void detach() {
        if (attached) curl_multi_remove_handle(multi->handle, easy);
        attached = false;
    }

    void start();
    void finish(CURLcode code);
    std::string reason(CURLcode code) const;
    void check_idle();
    void on_header(std::string_view line);

    static size_t on_header(char* data, size_t size, size_t count, void* self) {
        static_cast<Transfer*>(self)->on_header({data, size * count});
        return size * count;
    }
    static size_t on_body(char* data, size_t size, size_t count, void* self) {
        auto& t = *static_cast<Transfer*>(self);
        size_t n = size * count;
        t.active = monotonic_seconds();
        t.received += n;
        if (t.received > t.request.max_bytes) {
            t.refusal = "the answer is longer than " + std::to_string(t.request.max_bytes) +
                        " bytes; raise max_bytes if that is right";
            return 0;
        }
        t.response.body.append(data, n);
        return n;
    }
    static int on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) {
        auto& t = *static_cast<Transfer*>(self);
        if (down + up != t.moved) t.active = monotonic_seconds();
        t.moved = down + up;
        return 0;
    }
};

void HttpJob::Transfer::start() {
    url = split_url(request.url);
    auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_ERRORBUFFER, error);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, request.max_redirects > 0 ? 1L : 0L);
    set(CURLOPT_MAXREDIRS, long(request.max_redirects));
    set(CURLOPT_CONNECTTIMEOUT_MS, long(request.connect_timeout * 1000));
    set(CURLOPT_TIMEOUT_MS, long(request.timeout * 1000));
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    set(CURLOPT_USERAGENT, "moonlet/0.1");
    if (request.compressed) set(CURLOPT_ACCEPT_ENCODING, "");
    if (loopback(url.host)) set(CURLOPT_PROXY, "");
    set(CURLOPT_HEADERFUNCTION,
        static_cast<size_t (*)(char*, size_t, size_t, void*)>(Transfer::on_header));
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, on_progress);
    set(CURLOPT_XFERINFODATA, this);

    const std::string& method = request.method;
    bool with_body =
        !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
    if (method == "HEAD") set(CURLOPT_NOBODY, 1L);
    if (with_body) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, request.body.data());  // the request outlives the transfer
        set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.size()));
    }
    if (method != "HEAD" && method != (with_body ? "POST" : "GET"))
        set(CURLOPT_CUSTOMREQUEST, method.c_str());
    header_list = curl_slist_append(header_list, "Expect:");  // no round trip before a long body
    for (const auto& [name, value] : request.headers) {
        if ((name + value).find_first_of("\r\n") != std::string::npos || name.empty())
            throw Error("the header '" + quote(name) + "' holds a line break or has no name",
                        "one line");
        // curl takes "Name:" as "leave it out", and "Name;" as an empty value
        std::string line = value.empty() ? name + ";" : name + ": " + value;
        header_list = curl_slist_append(header_list, line.c_str());
    }
    set(CURLOPT_HTTPHEADER, header_list);
    curl_multi_add_handle(multi->handle, easy);
    attached = true;
}

void HttpJob::Transfer::on_header(std::string_view line) {
    active = monotonic_seconds();
    if (headers_complete) return;  // trailers
    if (line.rfind("HTTP/", 0) == 0) {
        response.headers.clear();
        size_t blank = line.find(' ');
        response.status = 0;
        if (blank != std::string_view::npos)
            response.status = std::atoi(std::string(line.substr(blank + 1)).c_str());
        return;
    }
    if (trimmed(line).empty()) {
        bool followed = response.status / 100 == 3 && request.max_redirects > 0 &&
                        !http_header(response.headers, "location").empty();
        headers_complete = response.status >= 200 && !followed;
        return;
    }
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    response.headers.emplace_back(lower(trimmed(line.substr(0, colon))),
                                  trimmed(line.substr(colon + 1)));
}

void HttpJob::Transfer::check_idle() {
    if (done || request.idle_timeout <= 0) return;
    if (monotonic_seconds() - active < request.idle_timeout) return;
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%g", request.idle_timeout);
    refusal = std::string("no byte came for ") + seconds + " s";
    finish(CURLE_OPERATION_TIMEDOUT);
}

std::string HttpJob::Transfer::reason(CURLcode code) const {
    if (!refusal.empty()) return refusal;
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return "the host '" + url.host + "' is not known; check the name and the network";
        case CURLE_COULDNT_CONNECT:
            return "nothing answers there; is the server running, is the port right?";
        case CURLE_OPERATION_TIMEDOUT:
            return response.status == 0 && moved == 0 ? "no connection or answer in time"
                                                      : "the answer did not end in time";
        case CURLE_GOT_NOTHING: return "the server closed the connection without an answer";
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_HTTP2_STREAM: return "the connection broke off in the middle of the answer";
        case CURLE_PEER_FAILED_VERIFICATION:
            return std::string("the server's certificate is not trusted: ") + error;
        case CURLE_TOO_MANY_REDIRECTS:
            return "more than " + std::to_string(request.max_redirects) + " redirects";
        default: return *error ? error : curl_easy_strerror(code);
    }
}

void HttpJob::Transfer::finish(CURLcode code) {
    if (done) return;
    done = true;
    char* address = nullptr;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &address);
    response.url = address ? address : request.url;
    response.complete = code == CURLE_OK;
    response.timed_out = code == CURLE_OPERATION_TIMEDOUT;
    if (code != CURLE_OK) response.error = reason(code);
    detach();
}

// ---- the job

HttpJob::HttpJob(HttpRequest request) : transfer_(std::make_unique<Transfer>()) {
    transfer_->request = std::move(request);
    transfer_->start();
}

HttpJob::~HttpJob() = default;

void HttpJob::add_fds(std::vector<pollfd>& fds) const {
    auto mine = transfer_->multi->fds();
    fds.insert(fds.end(), mine.begin(), mine.end());
}

int HttpJob::timeout_ms() const {
    int limit = transfer_->multi->timeout_ms();
    if (transfer_->request.idle_timeout <= 0) return limit;
    double left = transfer_->active + transfer_->request.idle_timeout - monotonic_seconds();
    int idle = std::max(0, int(std::ceil(left * 1000)));
    return limit < 0 ? idle : std::min(limit, idle);
}

void HttpJob::advance() {
    transfer_->multi->advance([](CURL* easy, CURLcode code) {
        Transfer* transfer = nullptr;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        transfer->finish(code);
    });
    transfer_->check_idle();
}

bool HttpJob::done() const { return transfer_->done; }

void HttpJob::cancel() {
    transfer_->refusal = "it was cancelled";
    transfer_->finish(CURLE_ABORTED_BY_CALLBACK);
}

bool HttpJob::ready() const {
    return done() || (stream_ && headers_complete() && !transfer_->response.body.empty());
}

std::string HttpJob::take() {
    std::string piece;
    if (stream_) piece.swap(transfer_->response.body);
    return piece;
}

const HttpResponse& HttpJob::response() const { return transfer_->response; }
bool HttpJob::headers_complete() const { return transfer_->headers_complete; }
const HttpRequest& HttpJob::request() const { return transfer_->request; }

Json HttpJob::result() {
    const HttpResponse& answer = response();
    if (!answer.error.empty())
        throw Error(request().method + " " + transfer_->url.shown + ": " + answer.error);
    Json headers = Json::object();
    for (const auto& [name, value] : answer.headers) {
        if (!headers.contains(name)) headers[name] = value;
        else headers[name] = headers[name].get<std::string>() + ", " + value;
    }
    return {{"status", answer.status},
            {"headers", headers},
            {"body", answer.body},
            {"url", answer.url}};
}

std::string shown_url(const std::string& url) { return split_url(url).shown; }

std::string http_header(const HttpHeaders& headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (key == name) return value;
    return "";
}

HttpResponse http_fetch(HttpRequest request) {
    HttpJob job(std::move(request));
    wait_jobs({&job});
    job.result();  // throws when it failed
    return job.response();
}

}  // namespace moonlet
