// SPDX-License-Identifier: Apache-2.0
#include "target.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

#include "core/error.h"

namespace {

// Of this thread; 0: none.
thread_local size_t limit = 0;

void* allocate(size_t bytes) {
    if (limit && bytes > limit) {
        std::fprintf(stderr, "fuzz: an allocation of %zu bytes; the input allows %zu\n", bytes,
                     limit);
        std::abort();
    }
    return std::malloc(bytes ? bytes : 1);
}

}  // namespace

void* operator new(size_t bytes) {
    void* memory = allocate(bytes);
    if (!memory) throw std::bad_alloc();
    return memory;
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace fuzz {

std::vector<Target>& targets() {
    static std::vector<Target> all;
    return all;
}

bool add(std::string name, Run run, size_t constant) {
    targets().push_back({std::move(name), run, constant});
    return true;
}

Unlimited::Unlimited() : before_(std::exchange(limit, 0)) {}
Unlimited::~Unlimited() { limit = before_; }

void run(const Target& target, std::string_view input) {
    struct Reset {
        ~Reset() { limit = 0; }
    } reset;
    limit = 2 * input.size() + target.constant;
    try {
        target.run(input);
    } catch (const moonlet::Error&) {
    }
}

}  // namespace fuzz
