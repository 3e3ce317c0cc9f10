// SPDX-License-Identifier: Apache-2.0
// Named makers that register themselves: one file adds a kind with one line, and nobody keeps a
// list. A registrar must live in an OBJECT library, else the linker drops it. Not thread-safe while
// registering (static initialisation), read-only afterwards.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace moonlet {

// Entry is what a name stands for: a function pointer or a struct of them. Kind is a tag type with
// `static constexpr const char* kKind` ("model family") for messages.
template <class Entry, class Kind>
class Registry {
  public:
    static bool add(const std::string& name, Entry entry) {
        return entries().emplace(name, std::move(entry)).second;
    }
    // Error: unknown name, with the nearest one and the full list.
    static const Entry& get(const std::string& name) {
        auto it = entries().find(name);
        if (it != entries().end()) return it->second;
        std::string all, near = nearest_name(name, names());
        for (auto& n : names()) all += (all.empty() ? "" : ", ") + n;
        throw Error("unknown " + std::string(Kind::kKind) + " " + quote(name),
                    "one of: " + all, near.empty() ? "" : "did you mean \"" + near + "\"?");
    }
    static bool has(const std::string& name) { return entries().count(name) > 0; }
    static std::vector<std::string> names() {
        std::vector<std::string> result;
        for (auto& e : entries()) result.push_back(e.first);
        return result;
    }

  private:
    static std::map<std::string, Entry>& entries();
};

// A Registry's table must exist once in the process: define it in exactly one .cpp with
// MOONLET_DEFINE_REGISTRY(Entry, Kind).
#define MOONLET_DEFINE_REGISTRY(Entry, Kind)                                             \
    template <>                                                                          \
    std::map<std::string, Entry>& moonlet::Registry<Entry, Kind>::entries() {            \
        static std::map<std::string, Entry> table;                                       \
        return table;                                                                    \
    }

}  // namespace moonlet
