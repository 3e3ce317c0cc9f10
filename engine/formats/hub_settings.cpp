// SPDX-License-Identifier: Apache-2.0
#include "formats/hub_settings.h"

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace moonlet {

namespace {

// A variable that is empty counts as not set.
std::string variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? value : "";
}

bool is_true(const std::string& text) {
    std::string upper;
    for (char c : text) upper += char(std::toupper(static_cast<unsigned char>(c)));
    return upper == "1" || upper == "ON" || upper == "YES" || upper == "TRUE";
}

// "~/x", "$NAME/x" and "${NAME}/x" as a shell would; a variable that is not set stays as written.
std::string expanded(const std::string& path) {
    std::string text = path, result;
    if (text == "~" || text.rfind("~/", 0) == 0) text = variable("HOME") + text.substr(1);
    for (size_t at = 0; at < text.size();) {
        if (text[at] != '$') {
            result += text[at++];
            continue;
        }
        bool braces = at + 1 < text.size() && text[at + 1] == '{';
        size_t begin = at + 1 + braces, end = begin;
        while (end < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
            ++end;
        std::string name = text.substr(begin, end - begin);
        bool closed = !braces || (end < text.size() && text[end] == '}');
        size_t after = end + (braces && closed);
        if (!name.empty() && closed && std::getenv(name.c_str())) result += variable(name);
        else result += text.substr(at, after - at);
        at = after;
    }
    return result;
}

std::string hub_home() {
    if (std::string home = variable("HF_HOME"); !home.empty()) return expanded(home);
    std::string cache = variable("XDG_CACHE_HOME");
    return expanded((cache.empty() ? "~/.cache" : cache) + "/huggingface");
}

std::string trimmed(const std::string& text) {
    size_t a = text.find_first_not_of(" \t\r\n"), b = text.find_last_not_of(" \t\r\n");
    return a == std::string::npos ? "" : text.substr(a, b - a + 1);
}

}  // namespace

std::string hub_cache_folder() {
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
        if (std::string folder = variable(name); !folder.empty()) return expanded(folder);
    return hub_home() + "/hub";
}

std::string hub_endpoint() {
    std::string endpoint = variable("HF_ENDPOINT");
    while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
    return endpoint.empty() ? "https://huggingface.co" : endpoint;
}

bool hub_offline() {
    std::string own = variable("HF_HUB_OFFLINE");
    return is_true(own.empty() ? variable("TRANSFORMERS_OFFLINE") : own);
}

HubToken hub_token() {
    for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
        if (variable(name).empty()) continue;
        if (std::string token = trimmed(variable(name)); !token.empty())
            return {token, std::string("$") + name};
        break;  // the first that is set decides, as in huggingface_hub
    }
    std::string path = variable("HF_TOKEN_PATH");
    path = path.empty() ? hub_home() + "/token" : expanded(path);
    std::ifstream file(path, std::ios::binary);
    if (!file) return {};
    std::string token = trimmed({std::istreambuf_iterator<char>(file), {}});
    return token.empty() ? HubToken{} : HubToken{token, path};
}

bool hub_token_on_request_only() { return is_true(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN")); }

}  // namespace moonlet
