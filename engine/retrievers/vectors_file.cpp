// SPDX-License-Identifier: Apache-2.0
// An index of vectors as a safetensors file, because FAISS's own reader believes every length that
// a damaged file claims:
//   vectors    f32 [n, dim], of length one
//   levels     i32 [n], neighbors i32 [links]: the graph of hnsw, as FAISS holds it
//   metadata   index, m, ef_construction, ef_search; hnsw: entry_point
#include <cstring>

#include "core/error.h"
#include "formats/safetensors.h"
#include "retrievers/vectors_state.h"

namespace moonlet {

namespace {

// The links of a node of `level` levels, in FAISS's layout.
size_t links_of(const faiss::HNSW& graph, int level) {
    return size_t(graph.cum_nneighbor_per_level[size_t(level)]);
}

// A link leads to a node there is, and that reaches up to the link's level.
bool sound(const faiss::HNSW& graph) {
    const auto n = graph.levels.size();
    for (size_t i = 0; i < n; ++i) {
        for (int level = 0; level < graph.levels[i]; ++level) {
            size_t end = graph.offsets[i] + links_of(graph, level + 1);
            for (size_t at = graph.offsets[i] + links_of(graph, level); at < end; ++at) {
                auto to = graph.neighbors[at];
                if (to < -1 || (to >= 0 && size_t(to) >= n)) return false;
                if (to >= 0 && graph.levels[size_t(to)] <= level) return false;
            }
        }
    }
    return true;
}

template <class T>
std::vector<T> values_of(const TensorView& view) {
    std::vector<T> values(view.bytes / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), view.data, view.bytes);
    return values;
}

// The graph from its levels and links; false where they do not fit each other.
bool take_graph(faiss::IndexHNSWFlat& index, std::vector<int> levels, std::vector<int> neighbors,
                int64_t entry) {
    faiss::HNSW& graph = index.hnsw;
    const int64_t n = index.ntotal;
    if (int64_t(levels.size()) != n || entry < 0 || entry >= n) return false;
    graph.offsets.assign(1, 0);
    int highest = 0;
    for (int level : levels) {
        if (level < 1 || size_t(level) >= graph.cum_nneighbor_per_level.size()) return false;
        graph.offsets.push_back(graph.offsets.back() + links_of(graph, level));
        highest = std::max(highest, level);
    }
    if (graph.offsets.back() != neighbors.size() || levels[size_t(entry)] != highest) return false;
    graph.levels = std::move(levels);
    graph.neighbors = std::move(neighbors);
    graph.entry_point = int(entry);
    graph.max_level = highest - 1;
    return sound(graph);
}

template <class T>
TensorToWrite tensor(const std::string& name, Dtype dtype, std::vector<int64_t> shape,
                     const T* data) {
    auto view = std::shared_ptr<const void>(std::shared_ptr<void>(), data);
    return {name, dtype, std::move(shape), [view] { return view; }};
}

}  // namespace

void VectorIndex::save(const std::string& path) const {
    const State& s = *state_;
    if (!s.index) throw Error("an index without vectors", "vectors to save");
    const auto& flat = s.flat();
    std::map<std::string, std::string> metadata = {
        {"index", s.options.index},
        {"m", std::to_string(s.options.m)},
        {"ef_construction", std::to_string(s.options.ef_construction)},
        {"ef_search", std::to_string(s.options.ef_search)},
    };
    std::vector<TensorToWrite> tensors = {
        tensor("vectors", Dtype::F32, {flat.ntotal, flat.d}, flat.get_xb())};
    if (auto* graph = s.graph()) {
        const faiss::HNSW& h = graph->hnsw;
        metadata["entry_point"] = std::to_string(h.entry_point);
        tensors.push_back(
            tensor("levels", Dtype::I32, {int64_t(h.levels.size())}, h.levels.data()));
        tensors.push_back(
            tensor("neighbors", Dtype::I32, {int64_t(h.neighbors.size())}, h.neighbors.data()));
    }
    write_safetensors(path, std::move(tensors), metadata);
}

std::shared_ptr<VectorIndex> VectorIndex::load(const std::string& path) {
    Safetensors file = Safetensors::open(path);
    const Error refused(path + ": no index of vectors, or a damaged one",
                        "a file that retriever:save wrote");
    auto text = [&](const char* name) {
        auto it = file.metadata().find(name);
        return it == file.metadata().end() ? std::string() : it->second;
    };
    auto number = [&](const char* name) -> int64_t {
        const std::string digits = text(name);
        bool fits = !digits.empty() && digits.size() < 10 &&
                    digits.find_first_not_of("0123456789") == std::string::npos;
        if (!fits) throw refused;
        return std::stoll(digits);
    };
    const TensorView* vectors = file.find("vectors");
    if (!vectors || vectors->dtype != Dtype::F32 || vectors->shape.size() != 2 ||
        vectors->shape[0] < 1 || vectors->shape[1] < 1 || vectors->shape[1] > (1 << 20))
        throw refused;
    auto result = std::make_shared<VectorIndex>(
        VectorOptions::from_json({{"index", text("index")},
                                  {"m", number("m")},
                                  {"ef_construction", number("ef_construction")},
                                  {"ef_search", number("ef_search")}}));
    State& s = *result->state_;
    s.make(vectors->shape[1]);
    s.flat().add(vectors->shape[0], values_of<float>(*vectors).data());
    s.index->ntotal = vectors->shape[0];
    if (auto* graph = s.graph()) {
        const TensorView *levels = file.find("levels"), *links = file.find("neighbors");
        if (!levels || !links || levels->dtype != Dtype::I32 || links->dtype != Dtype::I32 ||
            !take_graph(*graph, values_of<int>(*levels), values_of<int>(*links),
                        number("entry_point")))
            throw refused;
    }
    return result;
}

}  // namespace moonlet
