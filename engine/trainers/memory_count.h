// SPDX-License-Identifier: Apache-2.0
// Counts the bytes of tensors that come and go on the CPU while it lives, by LibTorch's own memory
// reports on this thread (and on the threads it computes with). What oneDNN and MKL take for
// themselves is not seen.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <atomic>
#include <memory>

namespace moonlet {

class MemoryCount {
  public:
    MemoryCount() : reports_(std::make_shared<Reports>()), guard_(kKind, reports_) {}
    int64_t live() const { return reports_->live; }  // since the start
    int64_t peak() const { return reports_->peak; }  // since the start or restart_peak()
    void restart_peak() { reports_->peak = reports_->live.load(); }

  private:
    static constexpr c10::DebugInfoKind kKind = c10::DebugInfoKind::PROFILER_STATE;
    struct Reports : c10::MemoryReportingInfoBase {
        void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
            const int64_t now = live += size;
            for (int64_t seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) {
            }
        }
        bool memoryProfilingEnabled() const override { return true; }
        std::atomic<int64_t> live{0}, peak{0};
    };
    std::shared_ptr<Reports> reports_;
    c10::DebugInfoGuard guard_;
};

}  // namespace moonlet
