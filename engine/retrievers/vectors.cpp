// SPDX-License-Identifier: Apache-2.0
// Flat uses inner products of unit vectors. The graph is built over Euclidean distance, which ranks
// unit vectors alike and is what the method was made for: cosine = 1 - distance² / 2.
#include "retrievers/vectors.h"

#include <ATen/ATen.h>
#include <faiss/impl/IDSelector.h>

#include <algorithm>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/progress.h"
#include "retrievers/vectors_state.h"

namespace moonlet {

namespace {

constexpr int64_t kBlock = 1024;  // vectors or queries between two looks at the interrupt flag
// A selection that keeps less than this part of the vectors is scanned exactly.
constexpr double kScanned = 0.3;

// f32 [n, dim] on the CPU, rows of length one.
at::Tensor unit_rows(const at::Tensor& given, int64_t dim) {
    at::Tensor rows = given.dim() == 1 ? given.unsqueeze(0) : given;
    if (rows.dim() != 2 || rows.size(1) == 0)
        throw Error("vectors of " + std::to_string(given.dim()) + " dimensions",
                    "a tensor [vectors, dim]");
    if (dim != 0 && rows.size(1) != dim)
        throw Error("vectors of " + std::to_string(rows.size(1)) + " numbers",
                    std::to_string(dim) + ", as the index has",
                    "embed with the model that the index was made with");
    rows = rows.detach().to(at::kCPU, at::kFloat).contiguous();
    if (!at::isfinite(rows).all().item<bool>())
        throw Error("a vector with numbers that are not finite", "finite numbers");
    return rows / at::norm(rows, 2, {1}, true).clamp_min(1e-12);
}

using Found = std::vector<std::vector<Scored>>;  // per query

// The labels are -1 where there are fewer than k.
Found ask(const faiss::Index& from, const float* data, int64_t count, size_t k,
          const faiss::SearchParameters* params) {
    std::vector<float> scores(size_t(count) * k);
    std::vector<faiss::Index::idx_t> labels(scores.size());
    from.search(count, data, faiss::Index::idx_t(k), scores.data(), labels.data(), params);
    const bool distance = from.metric_type == faiss::METRIC_L2;
    Found result(static_cast<size_t>(count));
    for (size_t q = 0; q < result.size(); ++q)
        for (size_t i = q * k; i < (q + 1) * k; ++i)
            if (labels[i] >= 0)
                result[q].push_back({labels[i], distance ? 1 - scores[i] / 2 : scores[i]});
    return result;
}

// Exactly, over all that is allowed.
Found scan(const faiss::Index& flat, const float* data, int64_t count, size_t k,
           const Selection* among) {
    if (!among) return ask(flat, data, count, k, nullptr);
    faiss::IDSelectorBitmap allowed((among->size() + 7) / 8, among->bits());
    faiss::SearchParameters params;
    params.sel = &allowed;
    return ask(flat, data, count, k, &params);
}

// Through the graph; `wanted` hits are there to be found for each query.
Found walk(faiss::IndexHNSWFlat& graph, int ef, const float* data, int64_t count, size_t wanted,
           const Selection* among) {
    size_t asked = wanted;
    if (among)  // more than needed, to be left with enough
        asked =
            std::min(size_t(graph.ntotal), 16 + 2 * wanted * size_t(graph.ntotal) / among->count());
    graph.hnsw.efSearch = int(std::max(size_t(ef), asked));
    Found result = ask(graph, data, count, asked, nullptr);
    for (size_t q = 0; q < result.size(); ++q) {
        auto& hits = result[q];
        auto refused = [&](const Scored& s) { return among && !among->allows(size_t(s.id)); };
        hits.erase(std::remove_if(hits.begin(), hits.end(), refused), hits.end());
        if (hits.size() < wanted)
            hits = scan(*graph.storage, data + q * size_t(graph.d), 1, wanted, among)[0];
        hits.resize(std::min(hits.size(), wanted));
    }
    return result;
}

}  // namespace

const OptionTable& VectorOptions::rows() {
    static const OptionTable table = {
        {"index", "\"flat\"|\"hnsw\"", "\"flat\"", "exact, or a graph for millions of vectors"},
        {"m", "integer", "32", "of hnsw: links of a node"},
        {"ef_construction", "integer", "200", "of hnsw: candidates while building"},
        {"ef_search", "integer", "128", "of hnsw: candidates of a search"},
    };
    return table;
}

VectorOptions VectorOptions::from_json(const Json& given) {
    check_options(given, rows(), "vectors");
    VectorOptions options;
    read_option(given, "index", options.index);
    read_option(given, "m", options.m);
    read_option(given, "ef_construction", options.ef_construction);
    read_option(given, "ef_search", options.ef_search);
    if (options.m < 2 || options.m > 1024)
        throw Error("vectors: m = " + std::to_string(options.m), "2 to 1024");
    if (options.ef_construction < 1 || options.ef_search < 1)
        throw Error("vectors: ef below 1", "1 or more candidates");
    return options;
}

VectorIndex::VectorIndex(const VectorOptions& options) : state_(new State) {
    state_->options = options;
}
VectorIndex::~VectorIndex() = default;

void VectorIndex::add(const at::Tensor& vectors) {
    if (vectors.numel() == 0) return;
    at::Tensor rows = unit_rows(vectors, dim());
    if (!state_->index) state_->make(rows.size(1));
    const int64_t count = rows.size(0);
    for (int64_t first = 0; first < count; first += kBlock) {
        interrupt::check();
        int64_t n = std::min(kBlock, count - first);
        state_->index->add(n, rows.data_ptr<float>() + first * rows.size(1));
        if (count > kBlock)
            report_progress({"indexing", double(first + n), double(count), "vectors", ""});
    }
}

std::vector<std::vector<Scored>> VectorIndex::search(const at::Tensor& queries, size_t k,
                                                     const Selection* among) const {
    const State& s = *state_;
    at::Tensor rows = unit_rows(queries, dim());
    size_t there = among ? among->count() : size(), wanted = std::min(k, there);
    std::vector<std::vector<Scored>> result;
    bool exact = !s.index || !s.graph() || (among && double(there) < kScanned * double(size()));
    for (int64_t first = 0; first < rows.size(0); first += kBlock) {
        interrupt::check();
        int64_t n = std::min(kBlock, rows.size(0) - first);
        if (wanted == 0) {
            result.resize(result.size() + size_t(n));
            continue;
        }
        const float* data = rows.data_ptr<float>() + first * rows.size(1);
        Found part = exact ? scan(s.flat(), data, n, wanted, among)
                           : walk(*s.graph(), s.options.ef_search, data, n, wanted, among);
        result.insert(result.end(), part.begin(), part.end());
    }
    return result;
}

size_t VectorIndex::size() const { return state_->index ? size_t(state_->index->ntotal) : 0; }
int64_t VectorIndex::dim() const { return state_->index ? state_->index->d : 0; }
const VectorOptions& VectorIndex::options() const { return state_->options; }

size_t VectorIndex::bytes() const {
    size_t links = state_->options.index == "hnsw" ? size_t(state_->options.m) * 8 : 0;
    return size() * (size_t(dim()) * sizeof(float) + links);
}

}  // namespace moonlet
