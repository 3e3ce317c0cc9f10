// SPDX-License-Identifier: Apache-2.0
// How near the products of ops/cpu come to the machine's limits: one row of activations as a share
// of the read probe, eight rows as time over one row's, many rows as a share of the product probe.
//   bench_rows [ISA ...] [kind=NAME ...]      default: every instruction set and kind
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ops/cpu/multiply.h"
#include "ops/cpu/packed.h"
#include "ops/cpu/plain.h"
#include "ops/cpu/pool.h"
#include "ops/cpu/prepare.h"
#include "ops/cpu/probe.h"

using namespace moonlet;

namespace {

using Clock = std::chrono::steady_clock;

double best(int passes, const std::function<void()>& work) {
    double least = 1e30;
    for (int i = 0; i < passes; ++i) {
        const auto begin = Clock::now();
        work();
        least = std::min(least, std::chrono::duration<double>(Clock::now() - begin).count());
    }
    return least;
}

// Some rows of a large weight as a weight of their own, so that each is read from memory.
struct Part : cpu::RowWeights {
    const cpu::RowWeights& whole;
    int64_t first, rows;
    Part(const cpu::RowWeights& whole, int64_t first, int64_t rows)
        : whole(whole), first(first), rows(rows) {}
    int64_t in_features() const override { return whole.in_features(); }
    int64_t out_features() const override { return rows; }
    Form form(bool x_is_bf16) const override { return whole.form(x_is_bf16); }
    void multiply(const cpu::Rows& x, int64_t begin, int64_t end, float* y,
                  int64_t stride) const override {
        whole.multiply(x, first + begin, first + end, y, stride);
    }
};

struct Kind {
    const char* name;
    cpu::Packing packing;
    int64_t group;
    int blocks;  // cpu::Blocks, or -1: from dense weights, -2: plain bf16, -3: plain f32
    int64_t block_values, block_bytes;
};
const Kind kKinds[] = {
    {"bf16", {}, 0, -2, 0, 0},
    {"f32", {}, 0, -3, 0, 0},
    {"int8", cpu::Packing::int8, 32, -1, 0, 0},
    {"int4", cpu::Packing::int4, 32, -1, 0, 0},
    {"nf4", cpu::Packing::nf4, 64, -1, 0, 0},
    {"q4_k", {}, 0, int(cpu::Blocks::q4_k), 256, 144},
    {"q6_k", {}, 0, int(cpu::Blocks::q6_k), 256, 210},
    {"mxfp4", {}, 0, int(cpu::Blocks::mxfp4), 32, 17},
};

// Random numbers, repeated: making them all would take longer than the measurements.
template <class T, class Make>
void fill(T* to, size_t count, Make make) {
    constexpr size_t kOwn = (1 << 18) + 1;
    for (size_t i = 0; i < std::min(count, kOwn); ++i) to[i] = make();
    for (size_t i = kOwn; i < count; i += kOwn)
        std::memcpy(to + i, to, std::min(kOwn, count - i) * sizeof(T));
}

struct Weights {
    std::vector<uint16_t> bf16;
    std::vector<float> f32;
    std::unique_ptr<cpu::RowWeights> rows;
    double bytes = 0;

    Weights(const Kind& kind, int64_t out, int64_t in, bool tell) {
        const size_t count = size_t(out * in);
        std::mt19937 random(1);
        double seconds = 0, source = 0;
        if (kind.blocks >= 0) {
            std::vector<uint8_t> blocks(count / size_t(kind.block_values) *
                                        size_t(kind.block_bytes));
            fill(blocks.data(), blocks.size(), [&] { return uint8_t(random() & 0xbf); });
            source = double(blocks.size());
            seconds = best(1, [&] {
                rows = cpu::pack_blocks(cpu::Blocks(kind.blocks), blocks.data(), out, in);
            });
        } else {
            bf16.resize(count);
            fill(bf16.data(), count, [&] { return uint16_t(0x3c00 + (random() & 0x80ff)); });
            source = double(count) * 2;
            if (kind.blocks == -2) {
                rows = std::make_unique<cpu::PlainRows>(cpu::PlainType::bf16, bf16.data(), out, in);
                bytes = source;
            } else if (kind.blocks == -3) {
                f32.assign(count, 0.5f);
                rows = std::make_unique<cpu::PlainRows>(cpu::PlainType::f32, f32.data(), out, in);
                bytes = 2 * source;
            } else {
                seconds = best(
                    1, [&] { rows = cpu::pack(kind.packing, bf16.data(), out, in, kind.group); });
            }
        }
        auto* packed = dynamic_cast<cpu::PackedWeights*>(rows.get());
        if (packed) bytes = double(packed->bytes());
        if (packed && tell) {
            std::vector<float> values(size_t(16 * in) * size_t(cpu::threads()));
            const double time = best(2, [&] {
                cpu::together([&](cpu::Team& team) {
                    const auto mine = team.part(out, 16);
                    for (int64_t n = mine.begin; n < mine.end; n += 16)
                        packed->unpack(n, std::min(n + 16, mine.end),
                                       values.data() + team.index * 16 * in);
                });
            });
            std::printf("%-6s packed %.1f GB/s, unpacked %.2f G values/s, %.2f bits a weight\n",
                        kind.name, source / seconds / 1e9, double(count) / time / 1e9,
                        bytes * 8 / double(count));
        }
    }
};

double rows_seconds(const Weights& w, int64_t count, int64_t out, bool is_bf16, int passes) {
    const int64_t in = w.rows->in_features(), all = w.rows->out_features();
    const std::vector<uint16_t> x(size_t(count * in), 0x3f80);
    const std::vector<float> x32(size_t(count * in), 1.0f);
    std::vector<uint16_t> y(size_t(count * out));
    cpu::PreparedRows buffer;
    const int64_t parts = count > 64 ? 1 : all / out;
    return best(passes,
                [&] {
                    for (int64_t i = 0; i < parts; ++i) {
                        const Part part(*w.rows, i * out, out);
                        const auto form = part.form(is_bf16);
                        cpu::multiply(part,
                                      is_bf16 ? buffer.prepare(form, x.data(), count, in)
                                              : buffer.prepare(form, x32.data(), count, in),
                                      y.data());
                    }
                }) /
           double(parts);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> isas, kinds;
    for (int i = 1; i < argc; ++i)
        if (std::strncmp(argv[i], "kind=", 5) == 0) kinds.emplace_back(argv[i] + 5);
        else isas.emplace_back(argv[i]);
    if (isas.empty())
        for (cpu::Isa isa = cpu::Isa::avx2;
             isa <= std::min(cpu::widest_isa(), cpu::Isa::avx512_bf16);
             isa = cpu::Isa(int(isa) + 1))
            isas.emplace_back(cpu::isa_name(isa));
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const double read = cpu::read_rate();
    std::printf("%d threads, read %.1f GB/s\n", cpu::threads(), read / 1e9);
    struct Shape {
        int64_t out, in;
    };
    for (const Kind& kind : kKinds) {
        if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), kind.name) == kinds.end())
            continue;
        std::unique_ptr<Weights> wide, narrow(new Weights(kind, 151936, 1024, true));
        wide = std::make_unique<Weights>(kind, 24576, 3072, false);
        for (const std::string& isa : isas) {
            cpu::set_isa(isa);
            const bool is_bf16 = kind.blocks != -3;
            const auto form = narrow->rows->form(is_bf16);
            const double rate =
                cpu::product_rate(form == cpu::RowWeights::Form::q8     ? cpu::Product::q8
                                  : form == cpu::RowWeights::Form::bf16 ? cpu::Product::bf16
                                                                        : cpu::Product::f32);
            std::printf("%-6s %-12s %5.0f GOP/s\n", kind.name, isa.c_str(), 2 * rate / 1e9);
            for (const Shape& s :
                 {Shape{1024, 1024}, Shape{3072, 1024}, Shape{1024, 3072}, Shape{151936, 1024}}) {
                const Weights& w = s.in == 1024 ? *narrow : *wide;
                const double bytes = w.bytes / double(w.rows->out_features()) * double(s.out);
                const double one = rows_seconds(w, 1, s.out, is_bf16, 5);
                const double eight = rows_seconds(w, 8, s.out, is_bf16, 3);
                std::printf("  %6ld x %-5ld M=1 %5.1f GB/s %3.0f %%   M=8 x%.2f %4.0f GOP/s",
                            long(s.out), long(s.in), bytes / one / 1e9, 100 * bytes / one / read,
                            eight / one, 16e-9 * double(s.out * s.in) / eight);
                if (s.out < 100000) {
                    const double many = rows_seconds(w, 512, s.out, is_bf16, 3);
                    const double done = 512 * double(s.out * s.in);
                    std::printf("   M=512 %5.0f GOP/s %3.0f %%", 2e-9 * done / many,
                                100 * done / many / rate);
                }
                std::printf("\n");
            }
        }
    }
    return 0;
}
