// SPDX-License-Identifier: Apache-2.0
// What the repositories do, all "org/…":
// - tiny: the model of the folder given
// - plain: a config, a card, 300 kB of weights
// - parts: weights in two parts, by an index; odd: the same, the parts named oddly
// - gguf: two GGUF files; one: one of them
// - pickled: weights as pytorch_model.bin
// - bare: no sizes and hashes in the listing
// - cut: the weights break off at each third; early: they end early, as if whole
// - norange: no ranges, breaks off once; short: fewer bytes than the listing says
// - wrong: other bytes than the hash says; wrong2: the same of a small file
// - busy: 429 twice, then well; busier: 429, asks to wait for an hour
// - flaky: 503 twice, then well; down: 503
// - gated: a token is wanted, and an approval; private: not to be seen without a token
// - moved: redirects to plain; loop: redirects to itself; astray: redirects to a local file
// - next: another commit from the second listing on
// - stall: half of the weights, then silence
// - outside: a file named ../../../outside
// - echo: refuses, and says back what it was sent as token
// Anything else there is not.
#include "hub_server.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/sha1.h"
#include "core/sha256.h"

namespace moonlet::test {

namespace {

std::string noise(size_t size, unsigned state) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = char((state = state * 1664525u + 1013904223u) >> 24);
    return bytes;
}

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string last(const std::string& id) { return id.substr(id.find('/') + 1); }

// The bytes that a Range asks for: "bytes=N-".
size_t range_of(const ServerRequest& request) {
    auto found = request.headers.find("range");
    return found == request.headers.end() ? 0 : size_t(std::atoll(found->second.c_str() + 6));
}

bool has_token(const ServerRequest& request) {
    auto found = request.headers.find("authorization");
    return found != request.headers.end() &&
           found->second == std::string("Bearer ") + HubServer::kToken;
}

}  // namespace

std::string HubServer::File::hash() const {
    return large ? sha256(content)
                 : sha1("blob " + std::to_string(content.size()) + '\0' + content);
}

HubServer::HubServer(const std::string& folder)
    : hub_([this](const auto& r, auto& c) { serve(r, c); }),
      store_([this](const auto& r, auto& c) { serve_store(r, c); }) {
    if (folder.empty()) return;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::string name = entry.path().filename().string();
        if (entry.is_regular_file())
            tiny_.push_back({name, read(entry.path()), entry.path().extension() == ".safetensors"});
    }
}

int HubServer::count(const std::string& what) {
    std::lock_guard lock(mutex_);
    return counts_[what]++;
}

std::string HubServer::commit(const std::string& id) const {
    std::lock_guard lock(mutex_);
    auto asked = counts_.find("listing " + id);
    bool next = id == "org/next" && asked != counts_.end() && asked->second > 1;
    return sha1(id + (next ? " next" : ""));
}

std::vector<HubServer::File> HubServer::files(const std::string& id) const {
    const std::string name = last(id);
    if (name == "tiny") return tiny_;
    const std::string card =
        "---\nlanguage: en\nlicense: apache-2.0 # of the weights\n---\n# " + name;
    std::vector<File> all = {{"config.json", "{\"model_type\": \"llama\"}\n"},
                             {"README.md", card},
                             {"tokenizer.json", "{\"version\": \"1.0\"}\n"},
                             {"onnx/model.onnx", noise(2000, 3), true},
                             {"flax_model.msgpack", noise(1000, 4), true}};
    if (name == "parts" || name == "odd") {
        std::string first =
            name == "odd" ? "weights-a.safetensors" : "model-00001-of-00002.safetensors";
        std::string second =
            name == "odd" ? "weights-b.safetensors" : "model-00002-of-00002.safetensors";
        Json map = {{"a", first}, {"b", second}, {"c", second}};
        all.push_back({"model.safetensors.index.json", Json{{"weight_map", map}}.dump()});
        all.push_back({first, noise(5000, 5), true});
        all.push_back({second, noise(6000, 6), true});
    } else if (name == "gguf" || name == "one") {
        all = {{"README.md", card}, {"tiny-Q4_K_M.gguf", noise(3000, 7), true}};
        if (name == "gguf") all.push_back({"tiny-Q8_0.gguf", noise(4000, 8), true});
    } else if (name == "pickled") {
        all.push_back({"pytorch_model.bin", noise(3000, 9), true});
    } else {
        if (name == "next" && commit(id) != sha1(id)) all[0].content = "{\"model_type\": \"gpt2\"}";
        if (name == "outside") all.push_back({"../../../outside", "x"});
        all.push_back({"model.safetensors", noise(300000, 10), true});
    }
    return all;
}

void HubServer::list(const std::string& id, const std::string& revision,
                     ServerConnection& connection) {
    count("listing " + id);
    Json siblings = Json::array();
    for (const File& file : files(id)) {
        Json each = {{"rfilename", file.name}};
        if (id != "org/bare") {
            each["size"] = file.content.size();
            each["blobId"] = file.large ? sha1("pointer " + file.name) : file.hash();
            if (file.large)
                each["lfs"] = {
                    {"sha256", file.hash()}, {"size", file.content.size()}, {"pointerSize", 130}};
        }
        siblings.push_back(each);
    }
    (void)revision;
    Json info = {{"id", id},
                 {"sha", commit(id)},
                 {"siblings", siblings},
                 {"cardData", {{"license", "apache-2.0"}}}};
    connection.answer(200, "application/json", info.dump());
}

void HubServer::serve(const ServerRequest& request, ServerConnection& connection) {
    auto refuse = [&](int status, const std::string& code, const std::string& words) {
        connection.answer(status, "application/json",
                          request.method == "HEAD" ? "" : Json{{"error", words}}.dump(),
                          "X-Error-Code: " + code + "\r\nX-Error-Message: " + words + "\r\n");
    };
    if (request.path.substr(0, request.path.find('?')) == "/log") {
        Json all = Json::array();
        for (const auto& [host, list] : {std::pair("hub", requests()), {"store", other_requests()}})
            for (const ServerRequest& each : list)
                all.push_back({{"host", host},
                               {"method", each.method},
                               {"path", each.path},
                               {"headers", each.headers}});
        return connection.answer(200, "application/json", all.dump());
    }
    std::string path = request.path.substr(0, request.path.find('?')).substr(1);
    const bool listing = path.rfind("api/models/", 0) == 0;
    if (listing) path.erase(0, 11);
    const std::string word = listing ? "/revision/" : "/resolve/";
    size_t at = path.find(word);
    if (at == std::string::npos) return refuse(404, "", "Not Found");
    const std::string id = path.substr(0, at), rest = path.substr(at + word.size());
    const std::string revision = rest.substr(0, rest.find('/')), name = last(id);
    static const std::vector<std::string> known = {
        "tiny",  "plain",   "parts", "odd",   "gguf",   "one",   "pickled", "bare",  "cut",
        "early", "norange", "short", "wrong", "wrong2", "busy",  "busier",  "flaky", "down",
        "gated", "private", "moved", "loop",  "next",   "stall", "outside", "echo",  "astray"};
    bool there = id.rfind("org/", 0) == 0 &&
                 std::find(known.begin(), known.end(), name) != known.end() &&
                 (name != "private" || has_token(request));
    if (!there)
        return has_token(request) ? refuse(404, "RepoNotFound", "Repository not found")
                                  : refuse(401, "RepoNotFound", "Invalid username or password.");
    auto redirect = [&](const std::string& to) {
        connection.answer(307, "text/plain", "", "Location: /" + to + "\r\n");
    };
    if (name == "moved") {
        std::string to = request.path.substr(1);
        return redirect(to.replace(to.find("org/moved"), 9, "org/plain"));
    }
    if (name == "echo") return refuse(403, "", request.headers.at("authorization"));
    if (name == "astray")
        return connection.answer(302, "text/plain", "", "Location: file:///etc/hostname\r\n");
    if (name == "loop") return redirect(request.path.substr(1));
    if (name == "down") return connection.answer(503, "text/html", "<html>oh no</html>");
    if (name == "flaky" && count(request.path) < 2) return connection.answer(503, "text/html", "");
    if (name == "busy" && count(request.path) < 2)
        return connection.answer(429, "text/plain", "slow down", "Retry-After: 0\r\n");
    if (name == "busier")
        return connection.answer(429, "text/plain", "slow down", "Retry-After: 3600\r\n");
    if (revision != "main" && revision != commit(id) && revision != sha1(id) && revision != "v1")
        return refuse(404, "RevisionNotFound", "Invalid rev id: " + revision);
    if (listing) return list(id, revision, connection);
    if (name == "gated")
        return refuse(has_token(request) ? 403 : 401, "GatedRepo",
                      "Access to model org/gated is restricted.");
    file(request, id, revision, rest.substr(revision.size() + 1), connection);
}

void HubServer::file(const ServerRequest& request, const std::string& id,
                     const std::string& revision, const std::string& name,
                     ServerConnection& connection) {
    const auto all = files(id);
    auto found = std::find_if(all.begin(), all.end(), [&](auto& f) { return f.name == name; });
    std::string common = "X-Repo-Commit: " + commit(id) + "\r\n";
    (void)revision;
    if (found == all.end())
        return connection.answer(404, "text/plain", "", common + "X-Error-Code: EntryNotFound\r\n");
    std::string etag = "\"" + found->hash() + "\"";
    if (found->large)
        return connection.answer(
            302, "text/plain", "",
            common + "X-Linked-Etag: " + etag +
                "\r\nX-Linked-Size: " + std::to_string(found->content.size()) + "\r\nLocation: " +
                store_.url("/" + id + "/" + name + "?signature=s3cret") + "\r\n");
    std::string content = found->content;
    if (id == "org/wrong2" && name == "config.json") content[3] ^= 1;
    common += "ETag: " + etag + "\r\n";
    if (request.method != "HEAD") return connection.answer(200, "text/plain", content, common);
    connection.send("HTTP/1.1 200 X\r\nContent-Length: " + std::to_string(content.size()) + "\r\n" +
                    common + "\r\n");
}

// The other host: files by name, with ranges. Its ETag is its own, as a storage service's is.
void HubServer::serve_store(const ServerRequest& request, ServerConnection& connection) {
    std::string path = request.path.substr(1, request.path.find('?') - 1);
    size_t slash = path.find('/', path.find('/') + 1);
    const std::string id = path.substr(0, slash), name = path.substr(slash + 1);
    const auto all = files(id);
    auto found = std::find_if(all.begin(), all.end(), [&](auto& f) { return f.name == name; });
    if (found == all.end()) return connection.answer(404, "text/plain", "");
    std::string content = found->content;
    if (id == "org/wrong") content[content.size() / 2] ^= 1;
    if (id == "org/short") content.resize(content.size() - 10);
    size_t first = id == "org/norange" ? 0 : range_of(request), whole = content.size();
    if (first >= whole && first > 0)
        return connection.answer(416, "text/plain", "",
                                 "Content-Range: bytes */" + std::to_string(whole) + "\r\n");
    std::string body = content.substr(first);
    std::string head = "HTTP/1.1 " + std::string(first > 0 ? "206" : "200") +
                       " X\r\nETag: \"store-" + name + "\"\r\nAccept-Ranges: bytes\r\n";
    if (first > 0)
        head += "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(whole - 1) +
                "/" + std::to_string(whole) + "\r\n";
    if (id == "org/early" && count(path) == 0) {
        connection.send(head + "Transfer-Encoding: chunked\r\n\r\n");
        connection.chunk(body.substr(0, body.size() / 2));
        return connection.end_stream();
    }
    connection.send(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    if (id == "org/cut") body.resize(std::min(body.size(), whole / 3 + 1));
    if (id == "org/norange" && count(path) == 0) body.resize(body.size() / 2);
    if (id == "org/stall" && count(path) == 0) {
        connection.send(body.substr(0, body.size() / 2));
        connection.sleep(60);
        return connection.reset();
    }
    bool cut = body.size() < whole - first;
    connection.send(body);
    if (cut) connection.reset();
}

}  // namespace moonlet::test
