// SPDX-License-Identifier: Apache-2.0
// Tokens and their ids, both ways, without an allocation per token: all spellings in one blob, an
// open-addressing table over it. Ids may have gaps. Knows no model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/json.h"

namespace moonlet {

uint64_t hash_bytes(std::string_view bytes);

class Vocabulary {
  public:
    Vocabulary() = default;
    // From {"token": id, ...}. Error: an id that is not an integer in [0, 2^31).
    Vocabulary(const Json& object, const std::string& where);

    void reserve(size_t tokens, size_t bytes);
    // A token that is there already gets the new id.
    void add(std::string_view token, int id);
    int find(std::string_view token) const;  // -1: not there
    std::optional<std::string_view> token(int id) const;
    size_t size() const { return entries_.size(); }
    int highest_id() const { return highest_; }
    size_t longest() const { return longest_; }  // bytes of the longest token
    size_t memory() const;
    // Calls f(token, id) for every entry in order of insertion.
    template <class F>
    void each(F f) const {
        for (const Entry& e : entries_) f(spelling(e), e.id);
    }

  private:
    struct Entry {
        uint32_t hash, length;
        size_t offset;
        int id;
    };
    std::string_view spelling(const Entry& e) const {
        return std::string_view(blob_).substr(e.offset, e.length);
    }
    void grow();

    std::string blob_;
    std::vector<Entry> entries_;
    std::vector<uint32_t> slots_;                 // entry + 1, 0 = empty; a power of two of them
    std::vector<uint32_t> by_id_;                 // entry + 1, for ids that are not far apart
    std::unordered_map<int, uint32_t> far_ids_;   // entry, for the others
    int highest_ = -1;
    size_t longest_ = 0;
};

}  // namespace moonlet
