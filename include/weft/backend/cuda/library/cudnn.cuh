#pragma once

#include <array>
#include <list>
#include <memory>

#include "cublaslt_products.cuh"
#include "cudnn_plan.cuh"

namespace weft::cuda_backend {

/// cuDNN for one stream's convolutions: a handle, a workspace, and a plan for each convolution that was seen.
/// Makes a plan, and room for its workspace, where a convolution first runs; a convolution that first runs
/// inside a capture is left to weft's kernels. Not to be used by two threads at once, or after its stream.
class cudnn_handle {
public:
    cudnn_handle(const stream& device, blaslt_options options) : options_(options) {
        check_cudnn(cudnnCreate(&handle_.of), "cudnnCreate");
        check_cudnn(cudnnSetStream(handle_.of, device.handle()), "cudnnSetStream");
    }
    cudnn_handle(const cudnn_handle&) = delete;
    cudnn_handle& operator=(const cudnn_handle&) = delete;

    bool measures() const { return options_.measure; }
    bool can(const convolution_problem& p, const convolution_memory& at, const stream& device) {
        const made* const found = plan_of(p, convolution_alignment(at), device);
        return found != nullptr && found->plan.has_value();
    }
    /// Only where it can.
    void convolve(const convolution_problem& p, const convolution_memory& at, const stream& device) {
        const made* const found = plan_of(p, convolution_alignment(at), device);
        if (found == nullptr || !found->plan)
            check_cudnn(CUDNN_STATUS_NOT_SUPPORTED, "cudnnBackendExecute", &p);
        std::array<std::int64_t, 5> ids{std::int64_t(cudnn_tensor::left), std::int64_t(cudnn_tensor::right),
                                        std::int64_t(cudnn_tensor::out)};
        std::array<const void*, 5> addresses{at.left, at.right, at.out};
        std::int64_t count = 3;
        const auto add = [&](cudnn_tensor id, const void* address) {
            ids[std::size_t(count)] = std::int64_t(id);
            addresses[std::size_t(count++)] = address;
        };
        if (p.bias != stored_as::absent) add(cudnn_tensor::bias, at.bias);
        if (p.residual != stored_as::absent) add(cudnn_tensor::residual, at.residual);
        void* const workspace = workspaces_.empty() ? nullptr : workspaces_.back().at;
        cudnn_descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, p);
        pack.set_all(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, ids.data())
            .set_all(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, addresses.data())
            .set_all(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace)
            .finish();
        check_cudnn(cudnnBackendExecute(handle_.of, found->plan->descriptor.handle(), pack.handle()),
                    "cudnnBackendExecute", &p);
    }
    /// The number of the fastest way, timed where a convolution first runs and kept. `otherwise` without
    /// `measure`.
    template <class... Ways>
    int fastest(const convolution_problem& p, const stream& device, int otherwise, const Ways&... ways) {
        if (!options_.measure) return otherwise;
        for (const measured& each : measured_)
            if (each.problem == p) return each.way;
        if (is_capturing(device)) return otherwise;
        int way = 0, number = 0;
        float least = 0;
        const auto time = [&](const auto& each) {
            each();  // to warm up
            const float taken = time_of(device, each);
            if (number == 0 || taken < least) {
                way = number;
                least = taken;
            }
            ++number;
        };
        (time(ways), ...);
        measured_.push_back({p, way});
        return way;
    }

private:
    struct made {
        convolution_problem problem;
        convolution_alignment aligned;
        std::optional<cudnn_plan> plan = {};
    };
    struct measured {
        convolution_problem problem;
        int way;
    };
    struct owned_handle {
        cudnnHandle_t of = nullptr;
        owned_handle() = default;
        owned_handle(const owned_handle&) = delete;
        owned_handle& operator=(const owned_handle&) = delete;
        ~owned_handle() {
            if (of != nullptr) static_cast<void>(cudnnDestroy(of));
        }
    };
    struct workspace {
        std::int64_t bytes;
        void* at;
        explicit workspace(std::int64_t size)
            : bytes(size), at(gpu_space::allocate(std::size_t(size), "cuDNN's workspace")) {}
        workspace(const workspace&) = delete;
        workspace& operator=(const workspace&) = delete;
        ~workspace() { gpu_space::release(at); }
    };
    /// Where plans shall run. (With the handle, which is how every version 9 takes it.)
    struct target {
        cudnnHandle_t handle;
        void of_graph(cudnn_descriptor& d) const { d.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle); }
        void of_heuristics(cudnn_descriptor&) const {}
        void of_plan(cudnn_descriptor& d) const { d.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, handle); }
    };

    static bool is_capturing(const stream& device) {
        cudaStreamCaptureStatus status{};
        check(cudaStreamIsCapturing(device.handle(), &status), "cudaStreamIsCapturing");
        return status != cudaStreamCaptureStatusNone;
    }
    /// Null inside a capture, if there is none yet.
    const made* plan_of(const convolution_problem& p, const convolution_alignment& aligned,
                        const stream& device) {
        for (const made& each : plans_)
            if (each.problem == p && each.aligned == aligned) return &each;
        if (is_capturing(device)) return nullptr;
        made& result = plans_.emplace_back(made{p, aligned});
        result.plan = find_plan(result.problem, result.aligned, target{handle_.of}, {.tf32 = options_.tf32});
        if (result.plan) reserve(result.plan->workspace);
        return &result;
    }
    /// Smaller workspaces stay, since captured graphs use them.
    void reserve(std::int64_t bytes) {
        if (bytes == 0 || (!workspaces_.empty() && workspaces_.back().bytes >= bytes)) return;
        const std::int64_t doubled = workspaces_.empty() ? 0 : 2 * workspaces_.back().bytes;
        workspaces_.emplace_back(std::max(bytes, std::min(doubled, cudnn_limits().workspace)));
    }

    blaslt_options options_;
    owned_handle handle_;
    std::list<made> plans_;  ///< which stay where they are: descriptors know the addresses of their problems
    std::list<workspace> workspaces_;
    std::vector<measured> measured_;
};

/// A stream whose convolutions are cuDNN's where that is the faster way, and matrix products cuBLASLt's.
class cudnn_stream : public blaslt_stream {
public:
    static constexpr const char* convolution_library_name = "cuDNN";

    explicit cudnn_stream(blaslt_options options = {})
        : blaslt_stream(options), library_(std::make_unique<cudnn_handle>(*this, options)) {}

    /// `own` is weft's way. False where that is to be taken.
    template <class Primitive, class Chain, class T, class Own>
    bool library_convolution(const graph::node& n, const arguments<T>& a, T* scratch, const Own& own) const {
        return library_convolutions<cudnn_stream, cudnn_handle, Primitive, Chain, T>(*this, *library_, n, a,
                                                                                     scratch)
            .run(own);
    }

private:
    std::unique_ptr<cudnn_handle> library_;
};

}  // namespace weft::cuda_backend
