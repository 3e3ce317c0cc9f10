// SPDX-License-Identifier: Apache-2.0
// The first run is a plain one: libraries make their handles and workspaces then, which must not
// happen while a stream is captured. The second one captures, on a stream of its own, since the
// default stream cannot be captured.
#include "ops/cuda/graph.h"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>

namespace moonlet::ops::cuda {

namespace {

class Graph final : public CudaGraph {
  public:
    void run(const std::function<void()>& step) override {
        if (runs_++ == 0) return step();
        if (!graph_) capture(step);
        graph_->replay();
    }
    bool captured() const override { return graph_ != nullptr; }

  private:
    // A capture that a failing step leaves half done is ended, so that the stream can be used
    // again.
    struct Capture {
        at::cuda::CUDAGraph& graph;
        bool open = true;
        explicit Capture(at::cuda::CUDAGraph& graph) : graph(graph) { graph.capture_begin(); }
        ~Capture() {
            if (open) graph.capture_end();
        }
    };

    void capture(const std::function<void()>& step) {
        c10::cuda::getCurrentCUDAStream().synchronize();
        const c10::cuda::CUDAStream side = c10::cuda::getStreamFromPool();
        const c10::cuda::CUDAStreamGuard guard(side);
        auto graph = std::make_unique<at::cuda::CUDAGraph>();
        {
            Capture under_way(*graph);
            step();
            under_way.open = false;
            graph->capture_end();
        }
        graph_ = std::move(graph);
    }

    std::unique_ptr<at::cuda::CUDAGraph> graph_;
    size_t runs_ = 0;
};

}  // namespace

CudaGraph* new_graph() { return new Graph; }

}  // namespace moonlet::ops::cuda
