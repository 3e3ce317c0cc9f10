// SPDX-License-Identifier: Apache-2.0
// Two windows: one scans ahead for the index, one fetches rows. With `skip` every record is parsed
// when the index reaches it, and every row's place is kept, since finding one again would parse all
// between.
#include "datasets/records.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/interrupt.h"
#include "datasets/ticker.h"
#include "tokenizers/unicode.h"

namespace moonlet {

namespace {

constexpr size_t kStride = 32;
constexpr size_t kFirstLook = 2048;

size_t count_lines(std::string_view bytes) {
    size_t lines = 0;
    for (const char *at = bytes.data(), *end = at + bytes.size();
         (at = static_cast<const char*>(std::memchr(at, '\n', size_t(end - at)))); ++at)
        ++lines;
    return lines;
}

std::string valid_text(std::string_view bytes) {
    return unicode::valid(bytes) ? std::string(bytes) : unicode::lossy(bytes);
}

}  // namespace

std::string at_line(const std::string& path, size_t line) {
    return path + ":" + std::to_string(line);
}

bool Splitter::blank(std::string_view record) const {
    return record.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view Splitter::trimmed(std::string_view record) const {
    if (!record.empty() && record.back() == '\n') record.remove_suffix(1);
    if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
    return record;
}

size_t LineSplitter::length(std::string_view bytes, bool last) const {
    size_t at = bytes.find('\n');
    return at != std::string_view::npos ? at + 1 : last ? bytes.size() : kMore;
}

RecordFile::RecordFile(std::shared_ptr<const OpenFile> file,
                       std::shared_ptr<const Splitter> splitter, Parse parse, bool skip,
                       uint64_t begin, size_t line, uint64_t end)
    : file_(std::move(file)),
      splitter_(std::move(splitter)),
      parse_(std::move(parse)),
      skip_(skip),
      begin_(begin),
      end_(end),
      stride_(skip ? 1 : kStride),
      scan_(file_),
      fetch_(file_),
      front_{begin, line},
      near_{begin, line} {
    name = file_->path();
}

// The record that begins at `at`; empty at the end.
RecordFile::Record RecordFile::read(FileWindow& window, Place at) {
    if (at.offset >= end_) return {{}, at};
    const uint64_t left = end_ - at.offset;
    for (size_t want = kFirstLook;; want *= 4) {
        std::string_view bytes = window.at(at.offset, size_t(std::min<uint64_t>(want, left)));
        if (bytes.size() > left) bytes = bytes.substr(0, size_t(left));
        size_t length = splitter_->length(bytes, bytes.size() == left);
        if (length == Splitter::kMore) {
            interrupt::check();
            continue;
        }
        bytes = bytes.substr(0, length);
        return {bytes, {at.offset + length, at.line + count_lines(bytes)}};
    }
}

bool RecordFile::is_row(std::string_view record) const {
    if (splitter_->blank(record)) return false;
    if (!skip_) return true;
    try {
        parse_(valid_text(splitter_->trimmed(record)));
        return true;
    } catch (const Error&) {
        return false;
    }
}

bool RecordFile::advance() {
    for (;;) {
        Record record = read(scan_, front_);
        if (record.bytes.empty()) return false;
        Place here = front_;
        front_ = record.next;
        if (is_row(record.bytes)) {
            if (rows_ % stride_ == 0) places_.push_back(here);
            ++rows_;
            return true;
        }
        if (skip_ && !splitter_->blank(record.bytes)) ++skipped_;
    }
}

bool RecordFile::has(size_t i) {
    if (i < rows_) return true;
    Ticker ticker("reading " + file_->path(), "MB");
    while (rows_ <= i) {
        if (!advance()) return false;
        if (rows_ % 64 != 0) continue;
        ticker.turn(double(front_.offset - begin_) / 1e6,
                    [&] { return double(end_ - begin_) / 1e6; });
    }
    return true;
}

size_t RecordFile::size() {
    has(size_t(-1));
    return rows_;
}

std::optional<size_t> RecordFile::known_size() {
    if (front_.offset >= end_) return rows_;
    return {};
}

double RecordFile::estimated_size() {
    has(99);
    uint64_t seen = front_.offset - begin_;
    return rows_ == 0 || front_.offset >= end_
               ? double(rows_)
               : double(rows_) * double(end_ - begin_) / double(seen);
}

size_t RecordFile::skipped() { return skip_ ? (size(), skipped_) : 0; }

size_t RecordFile::memory_bytes() {
    return places_.capacity() * sizeof(Place) + scan_.memory_bytes() + fetch_.memory_bytes();
}

// Leaves near_ at the row's begin.
RecordFile::Record RecordFile::find(size_t i) {
    if (!has(i)) throw Error("row " + std::to_string(i + 1) + " of " + std::to_string(rows_));
    if (i < near_row_ || i - near_row_ >= stride_) {
        near_row_ = i / stride_ * stride_;
        near_ = places_[i / stride_];
    }
    for (;;) {
        Record record = read(fetch_, near_);
        // A record behind places_ was looked at before: only blank ones need a second look here.
        bool row =
            skip_ ? near_.offset >= places_[near_row_].offset : !splitter_->blank(record.bytes);
        if (row && near_row_ == i) return record;
        near_ = record.next;
        if (row) ++near_row_;
    }
}

std::string RecordFile::text(size_t i) {
    Record record = find(i);
    return valid_text(splitter_->trimmed(record.bytes));
}

Json RecordFile::row(size_t i) {
    std::string record = text(i);
    Json result;
    try {
        result = parse_(record);
    } catch (const Error& e) {
        throw Error(where(i) + ": " + e.what());
    }
    return result;
}

// Who gave the columns is believed, but rows of small data are all looked at, for broken ones.
std::vector<Column> RecordFile::find_columns() {
    if (known_columns_.empty()) return Dataset::find_columns();
    for (size_t i = 0; small() && has(i); ++i) row(i);
    return known_columns_;
}

std::pair<uint64_t, size_t> RecordFile::behind(size_t i) {
    Place next = find(i).next;
    return {next.offset, next.line};
}

std::string RecordFile::where(size_t i) {
    std::string_view record = find(i).bytes;
    // blank lines before an element of a JSON list belong to its record
    size_t blank = std::min(record.find_first_not_of(" \t\r\n"), record.size());
    return at_line(file_->path(), near_.line + count_lines(record.substr(0, blank)));
}

}  // namespace moonlet
