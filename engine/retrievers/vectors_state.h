// SPDX-License-Identifier: Apache-2.0
// What a VectorIndex holds: FAISS's index, made when the first vectors come. For vectors.cpp and
// vectors_file.cpp alone.
#pragma once

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>

#include "retrievers/vectors.h"

namespace moonlet {

struct VectorIndex::State {
    VectorOptions options;
    std::unique_ptr<faiss::Index> index;

    faiss::IndexHNSWFlat* graph() const { return dynamic_cast<faiss::IndexHNSWFlat*>(index.get()); }
    // The vectors themselves, whichever kind it is.
    faiss::IndexFlat& flat() const {
        return static_cast<faiss::IndexFlat&>(graph() ? *graph()->storage : *index);
    }

    void make(int64_t dim) {
        if (options.index == "flat") {
            index = std::make_unique<faiss::IndexFlatIP>(dim);
            return;
        }
        auto made = std::make_unique<faiss::IndexHNSWFlat>(int(dim), options.m, faiss::METRIC_L2);
        made->hnsw.efConstruction = options.ef_construction;
        index = std::move(made);
    }
};

}  // namespace moonlet
