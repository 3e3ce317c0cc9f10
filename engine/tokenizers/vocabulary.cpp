// SPDX-License-Identifier: Apache-2.0
#include "tokenizers/vocabulary.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace moonlet {

// A multiply-and-fold hash over eight bytes at a time (the idea of wyhash, W. Yi 2019).
uint64_t hash_bytes(std::string_view bytes) {
    auto fold = [](uint64_t a, uint64_t b) {
        auto product = static_cast<unsigned __int128>(a) * b;
        return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    };
    constexpr uint64_t k0 = 0x9E3779B97F4A7C15u, k1 = 0xD1B54A32D192ED03u;
    uint64_t h = k0 ^ bytes.size();
    const char* p = bytes.data();
    size_t n = bytes.size();
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        std::memcpy(&word, p, 8);
        h = fold(h ^ word, k1);
    }
    uint64_t rest = 0;
    if (n > 0) std::memcpy(&rest, p, n);
    return fold(h ^ rest, k0 ^ k1);
}

Vocabulary::Vocabulary(const Json& object, const std::string& where) {
    size_t bytes = 0;
    for (auto& [token, id] : object.items()) bytes += token.size();
    reserve(object.size(), bytes);
    for (auto& [token, id] : object.items()) {
        if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > 0x7FFFFFFE)
            throw Error(where + " gives " + quote(token) + " the id " + dump_json(id, -1),
                        "an integer from 0 to 2147483646");
        add(token, id.get<int>());
    }
}

void Vocabulary::reserve(size_t tokens, size_t bytes) {
    entries_.reserve(tokens);
    blob_.reserve(bytes);
    size_t slots = 16;
    while (slots < tokens * 2) slots *= 2;
    slots_.assign(slots, 0);
    by_id_.reserve(tokens);
}

void Vocabulary::grow() {
    slots_.assign(std::max<size_t>(16, slots_.size() * 2), 0);
    size_t mask = slots_.size() - 1;
    for (size_t i = 0; i < entries_.size(); ++i) {
        size_t at = entries_[i].hash & mask;
        while (slots_[at]) at = (at + 1) & mask;
        slots_[at] = static_cast<uint32_t>(i + 1);
    }
}

void Vocabulary::add(std::string_view token, int id) {
    if (slots_.empty() || entries_.size() * 2 >= slots_.size()) grow();
    auto hash = static_cast<uint32_t>(hash_bytes(token));
    size_t mask = slots_.size() - 1, at = hash & mask;
    size_t entry = entries_.size();
    for (; slots_[at]; at = (at + 1) & mask) {
        Entry& e = entries_[slots_[at] - 1];
        if (e.hash == hash && spelling(e) == token) {
            entry = slots_[at] - 1;
            e.id = id;
            break;
        }
    }
    if (entry == entries_.size()) {
        slots_[at] = static_cast<uint32_t>(entry + 1);
        entries_.push_back({hash, static_cast<uint32_t>(token.size()), blob_.size(), id});
        blob_ += token;
    }
    auto index = static_cast<size_t>(id);
    if (index < slots_.size() + 1024) {
        if (by_id_.size() <= index) by_id_.resize(index + 1, 0);
        by_id_[index] = static_cast<uint32_t>(entry + 1);
    } else {
        far_ids_[id] = static_cast<uint32_t>(entry);
    }
    highest_ = std::max(highest_, id);
    longest_ = std::max(longest_, token.size());
}

int Vocabulary::find(std::string_view token) const {
    if (slots_.empty()) return -1;
    auto hash = static_cast<uint32_t>(hash_bytes(token));
    size_t mask = slots_.size() - 1;
    for (size_t at = hash & mask; slots_[at]; at = (at + 1) & mask) {
        const Entry& e = entries_[slots_[at] - 1];
        if (e.hash == hash && spelling(e) == token) return e.id;
    }
    return -1;
}

std::optional<std::string_view> Vocabulary::token(int id) const {
    if (id < 0) return std::nullopt;
    auto index = static_cast<size_t>(id);
    if (index < by_id_.size() && by_id_[index]) return spelling(entries_[by_id_[index] - 1]);
    auto it = far_ids_.find(id);
    if (it == far_ids_.end()) return std::nullopt;
    return spelling(entries_[it->second]);
}

size_t Vocabulary::memory() const {
    return blob_.capacity() + entries_.capacity() * sizeof(Entry) + slots_.capacity() * 4 +
           by_id_.capacity() * 4 + far_ids_.size() * 32;
}

}  // namespace moonlet
