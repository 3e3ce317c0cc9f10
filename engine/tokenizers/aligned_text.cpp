// SPDX-License-Identifier: Apache-2.0
// Most texts are never rewritten, so the identity costs nothing; the per-byte map appears with the
// first real change.
#include "tokenizers/aligned_text.h"

#include <algorithm>

#include "core/error.h"

namespace moonlet {

using unicode::Change;

AlignedText::AlignedText(std::string_view given, size_t shift) : view_(given), shift_(shift) {
    if (given.size() + shift > 0xFFFFFFF0u)
        throw Error("a text of " + std::to_string(given.size()) + " bytes", "at most 4 GiB",
                    "encode it in parts");
    if (unicode::valid(given)) return;
    std::string text;
    std::vector<Span> map;
    for (size_t i = 0; i < given.size();) {
        int n = unicode::check(given, i);
        size_t length = static_cast<size_t>(n > 0 ? n : -n);
        if (n > 0) text.append(given, i, length);
        else unicode::append(text, 0xFFFD);
        map.resize(text.size(), Span{static_cast<uint32_t>(shift + i),
                                     static_cast<uint32_t>(shift + i + length)});
        i += length;
    }
    set(std::move(text), std::move(map));
}

AlignedText::AlignedText(const AlignedText& whole, size_t begin, size_t end)
    : view_(whole.view_.substr(begin, end - begin)), identity_(whole.identity_) {
    if (identity_) {
        shift_ = whole.shift_ + begin;
    } else {
        map_.assign(whole.map_.begin() + static_cast<std::ptrdiff_t>(begin),
                    whole.map_.begin() + static_cast<std::ptrdiff_t>(end));
        shift_ = begin < end ? whole.map_[begin].begin : whole.shift_;
    }
}

AlignedText::Span AlignedText::at(size_t byte) const {
    if (!identity_) return map_[std::min(byte, map_.size() - 1)];
    while (byte > 0 && (static_cast<unsigned char>(view_[byte]) & 0xC0) == 0x80) --byte;
    size_t n = unicode::width(static_cast<unsigned char>(view_[byte]));
    return {static_cast<uint32_t>(shift_ + byte), static_cast<uint32_t>(shift_ + byte + n)};
}

std::pair<size_t, size_t> AlignedText::source(size_t begin, size_t end) const {
    if (begin >= end || view_.empty()) return {shift_ + begin, shift_ + begin};
    return {at(begin).begin, at(std::min(end, view_.size()) - 1).end};
}

void AlignedText::materialise() {
    if (!identity_) return;
    map_.resize(view_.size());
    for (size_t i = 0; i < view_.size();) {
        size_t n = unicode::width(static_cast<unsigned char>(view_[i]));
        Span span{static_cast<uint32_t>(shift_ + i), static_cast<uint32_t>(shift_ + i + n)};
        for (size_t k = 0; k < n; ++k) map_[i + k] = span;
        i += n;
    }
    identity_ = false;
}

void AlignedText::set(std::string text, std::vector<Span> map) {
    own_ = std::move(text);
    view_ = own_;
    map_ = std::move(map);
    identity_ = false;
}

void AlignedText::apply(const std::vector<Change>& changes, size_t dropped) {
    if (view_.empty()) return;  // nothing that a change could point at
    std::string text;
    std::vector<Span> map;
    text.reserve(view_.size());
    map.reserve(view_.size());
    size_t from = 0;
    auto skip = [&](size_t characters) {
        for (; characters > 0 && from < view_.size(); --characters)
            from += unicode::width(static_cast<unsigned char>(view_[from]));
    };
    skip(dropped);
    for (const Change& x : changes) {
        Span span;
        if (x.change > 0) {  // new: shares what the character before it points at
            span = from == 0 ? Span{static_cast<uint32_t>(shift_), static_cast<uint32_t>(shift_)}
                             : at(from - 1);
        } else {
            span = at(std::min(from, view_.size() - 1));
            skip(1 + static_cast<size_t>(-x.change));
        }
        unicode::append(text, x.c);
        map.resize(text.size(), span);
    }
    set(std::move(text), std::move(map));
}

void AlignedText::prepend(std::string_view text) {
    if (view_.empty() || text.empty()) return;
    materialise();
    std::vector<Span> map(text.size(), map_[0]);
    map.insert(map.end(), map_.begin(), map_.end());
    std::string all(text);
    all += view_;
    set(std::move(all), std::move(map));
}

void AlignedText::replace(const std::vector<std::pair<size_t, size_t>>& ranges,
                          std::string_view content) {
    if (ranges.empty()) return;
    std::string text;
    std::vector<Span> map;
    text.reserve(view_.size());
    map.reserve(view_.size());
    size_t done = 0;
    auto keep = [&](size_t end) {
        text.append(view_, done, end - done);
        for (size_t i = done; i < end;) {
            size_t n = unicode::width(static_cast<unsigned char>(view_[i]));
            map.insert(map.end(), n, at(i));
            i += n;
        }
    };
    for (auto [begin, end] : ranges) {
        keep(begin);
        Span span = end == 0 ? Span{static_cast<uint32_t>(shift_), static_cast<uint32_t>(shift_)}
                             : at(end - 1);
        text += content;
        map.resize(text.size(), span);
        done = end;
    }
    keep(view_.size());
    set(std::move(text), std::move(map));
}

}  // namespace moonlet
