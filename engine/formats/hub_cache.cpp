// SPDX-License-Identifier: Apache-2.0
// Links are made under a name of their own and renamed into place, so that no reader ever finds the
// name missing.
#include "formats/hub_cache.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>

#include "core/error.h"
#include "core/files.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "models--";

// A relative path that stays below where it is put: no empty, "." or ".." part, no control
// character.
bool stays_below(const std::string& path) {
    size_t begin = 0;
    while (begin <= path.size()) {
        size_t end = std::min(path.find('/', begin), path.size());
        std::string part = path.substr(begin, end - begin);
        if (part.empty() || part == "." || part == "..") return false;
        begin = end + 1;
    }
    return std::none_of(path.begin(), path.end(),
                        [](unsigned char c) { return c < 32 || c == 127 || c == '\\'; });
}

const std::string& checked(const std::string& path, const char* what) {
    if (!stays_below(path))
        throw Error(std::string("the ") + what + " " + quote(path, 120) +
                        " leads outside the model's folder",
                    "a relative path without \"..\"");
    return path;
}

void make_folders(const fs::path& path) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (failed && !fs::is_directory(path))
        throw Error("cannot make the folder " + quote(path.string(), 200) + ": " + failed.message(),
                    "", "cache=FOLDER or $HF_HUB_CACHE names another place");
}

}  // namespace

bool is_hub_id(const std::string& text) {
    const size_t slash = text.find('/');
    if (text.substr(0, slash).size() > 96 || std::count(text.begin(), text.end(), '/') > 1)
        return false;
    if (slash != std::string::npos && text.size() - slash > 97) return false;
    for (const char* bad : {"--", ".."})
        if (text.find(bad) != std::string::npos) return false;
    if (text.size() >= 4 && text.compare(text.size() - 4, 4, ".git") == 0) return false;
    bool border = true;  // before a part's first character
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        bool end = i + 1 == text.size() || text[i + 1] == '/';
        if (c == '/') {
            if (border) return false;
            border = true;
            continue;
        }
        bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_';
        if (!plain && (border || end || (c != '-' && c != '.'))) return false;
        border = false;
    }
    return !border;
}

bool is_commit(const std::string& revision) {
    return revision.size() == 40 &&
           revision.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string HubCache::repository(const std::string& id) const {
    if (!is_hub_id(id))
        throw Error(quote(id, 120) + " is no name of a model on the hub", "\"org/name\"");
    std::string name = id;
    if (size_t slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
    return folder_ + "/" + kPrefix + name;
}

std::string HubCache::blob(const std::string& id, const std::string& etag) const {
    if (etag.find('/') != std::string::npos || !stays_below(etag))
        throw Error("the etag " + quote(etag, 120) + " cannot name a file", "a hash");
    return repository(id) + "/blobs/" + etag;
}

std::string HubCache::partial(const std::string& id, const std::string& etag) const {
    return blob(id, etag) + ".incomplete";
}

std::string HubCache::lock(const std::string& id, const std::string& etag) const {
    std::string repository_name = fs::path(repository(id)).filename().string();
    return folder_ + "/.locks/" + repository_name + "/" +
           fs::path(blob(id, etag)).filename().string() + ".lock";
}

std::string HubCache::snapshot(const std::string& id, const std::string& commit) const {
    if (commit.find('/') != std::string::npos) checked("", "commit");
    return repository(id) + "/snapshots/" + checked(commit, "commit");
}

std::string HubCache::file(const std::string& id, const std::string& commit,
                           const std::string& name) const {
    return snapshot(id, commit) + "/" + checked(name, "file name");
}

std::string HubCache::commit(const std::string& id, const std::string& revision) const {
    if (is_commit(revision)) return revision;
    std::string path = repository(id) + "/refs/" + checked(revision, "revision");
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return "";
    std::string text = read_file(path);
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    return stays_below(text) && text.find('/') == std::string::npos ? text : "";
}

void HubCache::prepare(const std::string& id, const std::string& commit) const {
    make_folders(snapshot(id, commit));
    make_folders(repository(id) + "/blobs");
    make_folders(fs::path(lock(id, "x")).parent_path());
    // The tag of bford.info/cachedir, with the words the Python package writes.
    const std::string tag = folder_ + "/CACHEDIR.TAG";
    std::error_code ignored;
    if (!fs::exists(tag, ignored))
        std::ofstream(tag) << "Signature: 8a477f597d28d172789f06886806bc55\n"
                              "# This file is a cache directory tag created by huggingface_hub.\n"
                              "# For information about cache directory tags, see:\n"
                              "#\thttps://bford.info/cachedir/\n";
}

void HubCache::set_commit(const std::string& id, const std::string& revision,
                          const std::string& commit) const {
    snapshot(id, commit);  // checks it
    if (revision == commit || this->commit(id, revision) == commit) return;
    fs::path path = repository(id) + "/refs/" + checked(revision, "revision");
    make_folders(path.parent_path());
    write_file(path.string(), commit);
}

void HubCache::link(const std::string& id, const std::string& commit, const std::string& name,
                    const std::string& etag) const {
    const fs::path path = file(id, commit, name), target = blob(id, etag);
    make_folders(path.parent_path());
    fs::path relative = target.lexically_relative(path.parent_path());
    std::error_code ignored;
    if (fs::is_symlink(path, ignored) && fs::read_symlink(path, ignored) == relative) return;
    // Beside the snapshot, not in it: a killed run leaves no strange file in a model's folder.
    const fs::path fresh = repository(id) + "/.link" + std::to_string(::getpid());
    fs::remove(fresh, ignored);
    std::error_code failed;
    fs::create_symlink(relative, fresh, failed);
    if (!failed) {
        fs::rename(fresh, path, failed);
    } else {  // a file system without links: the content itself, as huggingface_hub does there
        failed.clear();
        if (fs::exists(target, ignored)) fs::rename(target, path, failed);
    }
    if (!failed) return;
    fs::remove(fresh, ignored);
    throw Error("cannot make the link " + quote(path.string(), 200) + ": " + failed.message());
}

void HubCache::set_absent(const std::string& id, const std::string& commit,
                          const std::string& name) const {
    file(id, commit, name);  // checks the names
    const fs::path path = repository(id) + "/.no_exist/" + commit + "/" + name;
    std::error_code ignored;
    if (fs::exists(path, ignored)) return;
    make_folders(path.parent_path());
    write_file(path.string(), "");
}

bool HubCache::absent(const std::string& id, const std::string& commit,
                      const std::string& name) const {
    file(id, commit, name);
    std::error_code ignored;
    return fs::exists(repository(id) + "/.no_exist/" + commit + "/" + name, ignored);
}

std::vector<HubCache::File> HubCache::files(const std::string& id,
                                            const std::string& commit) const {
    std::vector<File> found;
    const fs::path folder = snapshot(id, commit);
    std::error_code failed;
    for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::error_code gone;
        if (!entry->is_regular_file(gone)) continue;
        auto bytes = int64_t(fs::file_size(entry->path(), gone));
        if (!gone)
            found.push_back({entry->path().lexically_relative(folder).generic_string(), bytes});
    }
    std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.name < b.name; });
    return found;
}

int64_t HubCache::free_bytes() const {
    std::error_code failed;
    fs::path at = fs::absolute(folder_, failed);
    while (!fs::exists(at, failed) && at.has_relative_path()) at = at.parent_path();
    fs::space_info space = fs::space(at, failed);
    return failed ? INT64_MAX : int64_t(std::min<uintmax_t>(space.available, INT64_MAX));
}

std::vector<HubCache::Snapshot> HubCache::snapshots() const {
    std::vector<Snapshot> found;
    std::error_code failed;
    for (fs::directory_iterator each(folder_, failed), end; !failed && each != end;
         each.increment(failed)) {
        std::string name = each->path().filename().string();
        if (name.rfind(kPrefix, 0) != 0) continue;
        std::string id = name.substr(std::string(kPrefix).size());
        if (size_t dashes = id.find("--"); dashes != std::string::npos) id.replace(dashes, 2, "/");
        if (!is_hub_id(id)) continue;
        std::map<std::string, std::vector<std::string>> revisions;  // by commit
        const fs::path refs = each->path() / "refs";
        std::error_code none;
        for (fs::recursive_directory_iterator ref(refs, none); !none && ref != fs::end(ref);
             ref.increment(none)) {
            std::error_code gone;
            if (!ref->is_regular_file(gone)) continue;
            std::string revision = ref->path().lexically_relative(refs).generic_string();
            revisions[commit(id, revision)].push_back(revision);
        }
        std::error_code empty;
        for (fs::directory_iterator at(each->path() / "snapshots", empty);
             !empty && at != fs::end(at); at.increment(empty)) {
            std::string commit = at->path().filename().string();
            auto& names = revisions[commit];
            std::sort(names.begin(), names.end());
            found.push_back({id, commit, names});
        }
    }
    std::sort(found.begin(), found.end(),
              [](auto& a, auto& b) { return std::tie(a.id, a.commit) < std::tie(b.id, b.commit); });
    return found;
}

}  // namespace moonlet
