// SPDX-License-Identifier: Apache-2.0
#include "protocols/url.h"

#include <curl/curl.h>

#include <cctype>
#include <memory>

#include "core/error.h"

namespace moonlet {

namespace {

using Url = std::unique_ptr<CURLU, void (*)(CURLU*)>;

Url parsed(const std::string& url) {
    Url handle(curl_url(), curl_url_cleanup);
    if (curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
        throw Error("the address '" + quote(url.substr(0, url.find('?'))) + "' is no web address",
                    "http://host/path or https://host/path");
    return handle;
}

std::string part(const Url& url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    std::string value;
    if (curl_url_get(url.get(), which, &text, flags) == CURLUE_OK) value = text;
    curl_free(text);
    return value;
}

}  // namespace

std::string url_origin(const std::string& url) {
    Url handle = parsed(url);
    std::string origin = part(handle, CURLUPART_SCHEME) + "://" + part(handle, CURLUPART_HOST) +
                         ":" + part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    for (char& c : origin) c = char(std::tolower(static_cast<unsigned char>(c)));
    return origin;
}

std::string resolved_url(const std::string& base, const std::string& location) {
    Url handle = parsed(base);
    if (curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
        throw Error("'" + quote(location.substr(0, location.find('?'))) + "' is no address");
    return part(handle, CURLUPART_URL);
}

std::string percent_encoded(std::string_view text, std::string_view keep) {
    std::string result;
    for (char c : text) {
        bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                     std::string_view("_.-~").find(c) != std::string_view::npos ||
                     keep.find(c) != std::string_view::npos;
        if (plain) {
            result += c;
            continue;
        }
        result += '%';
        result += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
        result += "0123456789ABCDEF"[c & 15];
    }
    return result;
}

}  // namespace moonlet
