// SPDX-License-Identifier: Apache-2.0
// Free memory is a set of ranges, joined where they touch, out of which the smallest that is large
// enough is cut: the phases of a step ask for other sizes, so that whole blocks would seldom fit.
// Maps are whole huge pages: clearing one costs a third of clearing 512 small ones (measured).
#include "trainers/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <unordered_map>

namespace moonlet {

namespace {

constexpr size_t kLarge = size_t(1) << 20;  // what is managed here
constexpr size_t kPage = 4096, kHuge = size_t(2) << 20;

size_t up_to(size_t n, size_t step) { return (n + step - 1) / step * step; }

class TensorMemory final : public c10::Allocator {
  public:
    static TensorMemory& one() {
        static auto* memory = new TensorMemory;  // tensors may outlive every other object
        return *memory;
    }

    c10::DataPtr allocate(size_t n) override {
        if (n < kLarge) return c10::GetDefaultCPUAllocator()->allocate(n);
        const size_t size = up_to(n, kPage);
        void* at;
        {
            std::lock_guard lock(mutex_);
            at = cut(size);
            sizes_[at] = size;
            in_use_ += size;
            most_ = std::max(most_, in_use_);
        }
        c10::reportMemoryUsageToProfiler(at, int64_t(size), 0, 0, c10::Device(c10::kCPU));
        return {at, at, &release, c10::Device(c10::kCPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &release; }
    void copy_data(void* to, const void* from, size_t n) const override {
        std::memcpy(to, from, n);
    }

    void begin() {
        std::lock_guard lock(mutex_);
        if (users_++ == 0) most_ = in_use_;
    }
    void end() {
        std::lock_guard lock(mutex_);
        if (--users_ == 0) shrink_to(0);
    }
    void rest() {
        std::lock_guard lock(mutex_);
        for (const auto& [at, size] : free_) madvise(at, size, MADV_FREE);
    }
    ReusingMemory::Bytes bytes() {
        std::lock_guard lock(mutex_);
        return {in_use_ + kept_, most_};
    }

  private:
    using Ranges = std::map<char*, size_t>;

    // The front of the smallest free range that is large enough, or of a new one.
    void* cut(size_t size) {
        auto best = free_.end();
        for (auto range = free_.begin(); range != free_.end(); ++range)
            if (range->second >= size && (best == free_.end() || range->second < best->second))
                best = range;
        if (best == free_.end()) best = mapped(size);
        const auto [at, whole] = *best;
        free_.erase(best);
        if (whole > size) free_[at + size] = whole - size;
        kept_ -= size;
        return at;
    }

    // What is mapped in all stays below the most that was in use, but for a huge page's rest.
    Ranges::iterator mapped(size_t wanted) {
        const size_t most = std::max(most_, in_use_ + wanted);
        shrink_to(most - in_use_ - wanted);
        const size_t size = up_to(wanted, kHuge);
        void* at =
            mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc();
        // At a huge page's start; what lies before and behind goes back.
        char *begin = static_cast<char*>(at),
             *start = begin + (kHuge - reinterpret_cast<uintptr_t>(at) % kHuge) % kHuge;
        if (start > begin) munmap(begin, size_t(start - begin));
        if (const size_t behind = size_t(begin + kHuge - start)) munmap(start + size, behind);
        madvise(start, size, MADV_HUGEPAGE);
        return add(start, size);
    }

    // Free from now on, one range with what it touches.
    Ranges::iterator add(char* at, size_t size) {
        kept_ += size;
        auto behind = free_.lower_bound(at);
        if (behind != free_.begin())
            if (auto before = std::prev(behind); before->first + before->second == at) {
                at = before->first;
                size += before->second;
                free_.erase(before);
            }
        if (behind != free_.end() && at + size == behind->first) {
            size += behind->second;
            free_.erase(behind);
        }
        return free_.emplace(at, size).first;
    }

    static void release(void* at) {
        TensorMemory& self = one();
        std::lock_guard lock(self.mutex_);
        auto found = self.sizes_.find(at);
        if (found == self.sizes_.end()) return c10::GetDefaultCPUAllocator()->raw_deleter()(at);
        const size_t size = found->second;
        c10::reportMemoryUsageToProfiler(at, -int64_t(size), 0, 0, c10::Device(c10::kCPU));
        self.sizes_.erase(found);
        self.in_use_ -= size;
        self.add(static_cast<char*>(at), size);
        if (self.users_ == 0) self.shrink_to(0);
    }

    // Gives back whole ranges, or the end of the last one.
    void shrink_to(size_t bytes) {
        while (kept_ > bytes) {
            auto last = std::prev(free_.end());
            const size_t size = std::min(last->second, up_to(kept_ - bytes, kPage));
            munmap(last->first + last->second - size, size);
            kept_ -= size;
            if (size == last->second) free_.erase(last);
            else last->second -= size;
        }
    }

    std::mutex mutex_;
    std::unordered_map<void*, size_t> sizes_;  // in use
    Ranges free_;
    size_t in_use_ = 0, kept_ = 0, most_ = 0;
    int users_ = 0;
};

}  // namespace

ReusingMemory::ReusingMemory() {
    static const bool there = [] {
        c10::SetCPUAllocator(&TensorMemory::one(), 100);
        return true;
    }();
    (void)there;
    TensorMemory::one().begin();
}

ReusingMemory::~ReusingMemory() { TensorMemory::one().end(); }
void ReusingMemory::rest() { TensorMemory::one().rest(); }
ReusingMemory::Bytes ReusingMemory::bytes() { return TensorMemory::one().bytes(); }

}  // namespace moonlet
