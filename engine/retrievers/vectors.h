// SPDX-License-Identifier: Apache-2.0
// Vectors that are found by direction: each is brought to length one when it comes, and a score is
// the cosine. Over FAISS: "flat" compares with every vector, exactly; "hnsw" walks a graph (Malkov,
// Yashunin 2016), for millions. A selection is applied before the best k are taken: where it keeps
// little, and wherever the graph comes back with too few, exactly the allowed vectors are compared.
// Numbers are 0-based in the order of coming. Saved as a safetensors file (vectors_file.cpp). Only
// this room sees FAISS.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/options.h"
#include "lexical/index.h"
#include "lexical/selection.h"

namespace moonlet {

struct VectorOptions {
    std::string index = "flat";  // or "hnsw"
    int m = 32;                  // hnsw: links of a node
    int ef_construction = 200;   // hnsw: candidates while building
    int ef_search = 128;         // hnsw: candidates of a search; at least k are taken

    static const OptionTable& rows();
    static VectorOptions from_json(const Json& options);  // Error: unknown name or bad value
};

class VectorIndex {
  public:
    explicit VectorIndex(const VectorOptions& options = {});
    ~VectorIndex();
    VectorIndex(const VectorIndex&) = delete;
    VectorIndex& operator=(const VectorIndex&) = delete;

    // Rows of a [n, dim] or one [dim] tensor of any float dtype; the first ones decide dim. A row
    // of zeros stays so and has the score 0 with everything. Interruptible between blocks: those
    // that were added stay. Error: another dim, numbers that are not finite.
    void add(const at::Tensor& vectors);
    // For each row of `queries` the best k that `among` allows, best first. Error: another dim.
    std::vector<std::vector<Scored>> search(const at::Tensor& queries, size_t k,
                                            const Selection* among = nullptr) const;

    size_t size() const;
    int64_t dim() const;  // 0 while empty
    size_t bytes() const;
    const VectorOptions& options() const;

    void save(const std::string& path) const;  // atomically
    // Error: no such file, another kind of file, parts that do not fit each other.
    static std::shared_ptr<VectorIndex> load(const std::string& path);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace moonlet
