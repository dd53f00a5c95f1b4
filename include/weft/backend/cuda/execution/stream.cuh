#pragma once

#include <algorithm>
#include <cstring>
#include <iterator>
#include <type_traits>
#include <utility>

#include "../../device/gpu.cuh"
#include "launch.hpp"

namespace weft::cuda_backend {

using device::check;
using device::gpu_space;

template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads) enter(const Kernel kernel) {
    extern __shared__ __align__(128) unsigned char bytes[];
    device_block<Kernel::threads> block;
    kernel(block, *reinterpret_cast<typename Kernel::shared*>(bytes));
}

/// Runs kernels on the current GPU, one after the other, without waiting for them. Copies of gpu_space wait
/// for it.
class stream {
public:
    using memory = device_memory<gpu_space>;

    stream() { check(cudaStreamCreate(&handle_), "cudaStreamCreate"); }
    stream(stream&& other) noexcept { swap(other); }
    stream& operator=(stream&& other) noexcept {
        swap(other);
        return *this;
    }
    ~stream() {
        for (const captured& each : graphs_)
            if (each.runnable != nullptr) static_cast<void>(cudaGraphExecDestroy(each.runnable));
        if (handle_ != nullptr) static_cast<void>(cudaStreamDestroy(handle_));
    }
    cudaStream_t handle() const { return handle_; }
    /// What is launched from now on is for this operation; errors name it.
    void begin(const char* operation) { operation_ = operation; }

    /// Copies from staged memory.
    void upload(const void* from, void* to, std::size_t bytes) const {
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, handle_),
              "cudaMemcpyAsync to the GPU");
    }
    /// Copies to staged memory.
    void download(const void* from, void* to, std::size_t bytes) const {
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, handle_),
              "cudaMemcpyAsync from the GPU");
    }
    /// Copies within the GPU's memory.
    void copy(const void* from, void* to, std::size_t bytes) const {
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, handle_),
              "cudaMemcpyAsync on the GPU");
    }
    void wait() const { check(cudaStreamSynchronize(handle_), "cudaStreamSynchronize"); }

    /// Runs what `enqueue` launches and uploads. It is captured as a graph when a key comes again: libraries
    /// have made their plans then and kernels are loaded, and a run whose key never comes again, such as one
    /// on the next samples of many, costs no graph. From then on one call starts all of it. The graphs of a
    /// few keys are kept.
    template <class Key, class Enqueue>
    void replay(const Key& key, const Enqueue& enqueue) {
        const key_bytes wanted(key);
        for (const captured& each : graphs_)
            if (each.runnable != nullptr && each.key == wanted)
                return check(cudaGraphLaunch(each.runnable, handle_), "cudaGraphLaunch");
        if (std::find(std::begin(seen_), std::end(seen_), wanted) == std::end(seen_)) {
            seen_[next_seen_++ % std::size(seen_)] = wanted;
            return enqueue();
        }
        captured& slot = graphs_[next_graph_++ % std::size(graphs_)];
        capture(slot, enqueue);
        slot.key = wanted;
        check(cudaGraphLaunch(slot.runnable, handle_), "cudaGraphLaunch");
    }

    template <class Kernel>
    void launch(std::int64_t blocks, const Kernel& kernel) const {
        constexpr std::size_t bytes = sizeof(typename Kernel::shared);
        if (blocks <= 0) return;
        if constexpr (bytes > 48 * 1024)
            check(
                cudaFuncSetAttribute(enter<Kernel>, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes)),
                "cudaFuncSetAttribute", operation_);
        enter<Kernel><<<unsigned(blocks), Kernel::threads, bytes, handle_>>>(kernel);
        check(cudaGetLastError(), "the launch", operation_);
    }

private:
    struct key_bytes {
        unsigned char bytes[64] = {};
        key_bytes() = default;
        template <class Key>
        explicit key_bytes(const Key& key) {
            static_assert(sizeof key <= sizeof bytes && std::is_trivially_copyable_v<Key>);
            std::memcpy(bytes, &key, sizeof key);
        }
        bool operator==(const key_bytes& other) const {
            return std::memcmp(bytes, other.bytes, sizeof bytes) == 0;
        }
    };
    struct captured {
        cudaGraphExec_t runnable = nullptr;
        key_bytes key;
    };

    /// Ends a capture, whatever happens in it.
    struct capture_guard {
        cudaStream_t stream;
        cudaGraph_t graph = nullptr;
        bool open = true;
        cudaError_t end() {
            open = false;
            return cudaStreamEndCapture(stream, &graph);
        }
        ~capture_guard() {
            if (open) static_cast<void>(end());
            if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
        }
    };
    template <class Enqueue>
    void capture(captured& slot, const Enqueue& enqueue) {
        if (slot.runnable != nullptr)
            check(cudaGraphExecDestroy(std::exchange(slot.runnable, nullptr)), "cudaGraphExecDestroy");
        check(cudaStreamBeginCapture(handle_, cudaStreamCaptureModeRelaxed), "cudaStreamBeginCapture");
        capture_guard guard{handle_};
        enqueue();
        check(guard.end(), "cudaStreamEndCapture");
        check(cudaGraphInstantiate(&slot.runnable, guard.graph, 0), "cudaGraphInstantiate");
    }
    void swap(stream& other) {
        std::swap(handle_, other.handle_);
        std::swap(operation_, other.operation_);
        std::swap(graphs_, other.graphs_);
        std::swap(next_graph_, other.next_graph_);
        std::swap(seen_, other.seen_);
        std::swap(next_seen_, other.next_seen_);
    }

    cudaStream_t handle_ = nullptr;
    const char* operation_ = "";
    captured graphs_[4];
    key_bytes seen_[4];  // not captured; not more than graphs, or many keys in turn would all be captured
    std::size_t next_graph_ = 0, next_seen_ = 0;
};

}  // namespace weft::cuda_backend
