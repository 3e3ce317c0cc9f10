// SPDX-License-Identifier: Apache-2.0
// Goes down folder by folder; only folders that a pattern's part can match are read. Symbolic links
// to folders are followed but by **, which could go round for ever.
#include "datasets/glob.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/error.h"
#include "core/interrupt.h"

namespace moonlet {

namespace fs = std::filesystem;

namespace {

using Parts = std::vector<std::string>;

bool is_pattern(const std::string& part) { return part.find_first_of("*?[") != std::string::npos; }

// Entries of a folder by name; one that cannot be read has none.
std::vector<fs::directory_entry> entries(const fs::path& folder) {
    std::vector<fs::directory_entry> result;
    std::error_code failed;
    for (fs::directory_iterator it(folder.empty() ? "." : folder, failed), end;
         !failed && it != end; it.increment(failed))
        result.push_back(*it);
    return result;
}

void find(const fs::path& folder, const Parts& parts, size_t at, Parts& found) {
    interrupt::check();
    std::error_code ignored;
    if (at == parts.size()) return;
    const std::string& part = parts[at];
    const bool last = at + 1 == parts.size();
    if (part == "**") {
        if (last) return find(folder, {"**", "*"}, 0, found);
        find(folder, parts, at + 1, found);
        for (const auto& entry : entries(folder))
            if (entry.is_directory(ignored) && !entry.is_symlink(ignored) &&
                entry.path().filename().string()[0] != '.')
                find(folder / entry.path().filename(), parts, at, found);
        return;
    }
    auto visit = [&](const fs::path& path) {
        if (!last) find(path, parts, at + 1, found);
        else if (fs::is_regular_file(path, ignored)) found.push_back(path.string());
    };
    if (!is_pattern(part)) {
        if (fs::exists(folder / part, ignored)) visit(folder / part);
        return;
    }
    for (const auto& entry : entries(folder)) {
        fs::path name = entry.path().filename();
        if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) visit(folder / name);
    }
}

}  // namespace

std::vector<std::string> glob_files(const std::string& given) {
    std::string pattern = given;
    if (pattern.rfind("~/", 0) == 0)
        if (const char* home = std::getenv("HOME")) pattern = home + pattern.substr(1);
    std::error_code ignored;
    if (fs::is_directory(pattern, ignored))
        throw Error(quote(given, 200) + " is a folder", "a file or a pattern",
                    "as " + quote((fs::path(given) / "*.md").string(), 200));
    if (fs::exists(pattern, ignored)) return {pattern};
    if (!is_pattern(pattern)) throw Error("no file " + quote(given, 200));
    Parts parts, found;
    fs::path root;
    for (const fs::path& part : fs::path(pattern)) {
        if (part.is_absolute()) root = part;
        else if (!part.empty()) parts.push_back(part.string());
    }
    find(root, parts, 0, found);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    if (found.empty()) throw Error("no file matches " + quote(given, 200));
    return found;
}

}  // namespace moonlet
