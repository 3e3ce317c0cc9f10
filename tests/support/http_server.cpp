// SPDX-License-Identifier: Apache-2.0
#include "http_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace moonlet::test {

namespace {

// More bytes into `buffer`; false at the end or when the server stops.
bool receive(int fd, std::string& buffer, const std::atomic<bool>& stopping) {
    for (;;) {
        if (stopping) return false;
        pollfd waiting{fd, POLLIN, 0};
        if (poll(&waiting, 1, 20) <= 0) continue;
        char bytes[4096];
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        buffer.append(bytes, size_t(n));
        return true;
    }
}

std::string lower(std::string s) {
    std::transform(s.begin(), s.end(), s.begin(),
                   [](unsigned char c) { return char(std::tolower(c)); });
    return s;
}

// Takes one request out of `buffer`, reading more as needed.
bool read_request(int fd, std::string& buffer, ServerRequest& request,
                  const std::atomic<bool>& stopping) {
    size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
        if (!receive(fd, buffer, stopping)) return false;
    std::string head = buffer.substr(0, end + 2);
    buffer.erase(0, end + 4);
    size_t line_end = head.find("\r\n");
    std::string first = head.substr(0, line_end);
    size_t a = first.find(' '), b = first.rfind(' ');
    request.method = first.substr(0, a);
    request.path = first.substr(a + 1, b - a - 1);
    for (size_t at = line_end + 2; at < head.size();) {
        size_t stop = head.find("\r\n", at), colon = head.find(':', at);
        size_t value = head.find_first_not_of(' ', colon + 1);
        request.headers[lower(head.substr(at, colon - at))] = head.substr(value, stop - value);
        at = stop + 2;
    }
    size_t length = 0;
    if (auto it = request.headers.find("content-length"); it != request.headers.end())
        length = std::stoul(it->second);
    while (buffer.size() < length)
        if (!receive(fd, buffer, stopping)) return false;
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
}

}  // namespace

bool ServerConnection::send(std::string_view bytes) {
    while (!bytes.empty() && !closed_) {
        ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) closed_ = true;
        else bytes.remove_prefix(size_t(n));
    }
    return !closed_;
}

void ServerConnection::answer(int status, std::string_view type, std::string_view body,
                              const std::string& more) {
    send("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" +
         std::string(body));
}

void ServerConnection::begin_stream(std::string_view type) {
    send("HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) +
         "\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool ServerConnection::chunk(std::string_view bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return bytes.empty() ? !closed_ : send(size + std::string(bytes) + "\r\n");
}

void ServerConnection::sleep(double seconds) {
    for (int ms = int(seconds * 1000); ms > 0 && !stopping_ && !closed_; ms -= 10) {
        pollfd waiting{fd_, POLLIN, 0};
        if (poll(&waiting, 1, std::min(ms, 10)) > 0) {
            char byte;
            if (recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) closed_ = true;
            else usleep(useconds_t(std::min(ms, 10)) * 1000);
        }
    }
}

void ServerConnection::reset() {
    linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    closed_ = true;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 64) != 0)
        throw std::runtime_error("test server: cannot listen on 127.0.0.1");
    getsockname(listener_, generic, &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] {
        while (!stopping_) {
            pollfd waiting{listener_, POLLIN, 0};
            if (poll(&waiting, 1, 20) <= 0) continue;
            int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            std::lock_guard lock(mutex_);
            threads_.emplace_back([this, fd] { serve(fd); });
        }
    });
}

HttpServer::~HttpServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
}

void HttpServer::serve(int fd) {
    ServerConnection connection(fd, stopping_);
    std::string buffer;
    for (ServerRequest request; !connection.closed(); request = {}) {
        if (!read_request(fd, buffer, request, stopping_)) break;
        {
            std::lock_guard lock(mutex_);
            request.number = int(requests_.size());
            requests_.push_back(request);
        }
        handler_(request, connection);
    }
    ::close(fd);
}

std::string HttpServer::url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<ServerRequest> HttpServer::requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
}

}  // namespace moonlet::test
