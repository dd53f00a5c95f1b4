#pragma once

#include <memory>

#include "cublaslt.cuh"
#include "cublaslt_epilogue.cuh"
#include "elementwise.hpp"

namespace weft::cuda_backend {

/// The time between two moments of a stream.
class stopwatch {
public:
    explicit stopwatch(cudaStream_t stream) : stream_(stream) {
        for (cudaEvent_t& e : events_) check(cudaEventCreate(&e), "cudaEventCreate");
    }
    stopwatch(const stopwatch&) = delete;
    stopwatch& operator=(const stopwatch&) = delete;
    ~stopwatch() {
        for (cudaEvent_t e : events_) static_cast<void>(cudaEventDestroy(e));
    }
    void start() { check(cudaEventRecord(events_[0], stream_), "cudaEventRecord"); }
    float stop() {
        float milliseconds = 0;
        check(cudaEventRecord(events_[1], stream_), "cudaEventRecord");
        check(cudaEventSynchronize(events_[1]), "cudaEventSynchronize");
        check(cudaEventElapsedTime(&milliseconds, events_[0], events_[1]), "cudaEventElapsedTime");
        return milliseconds;
    }

private:
    cudaStream_t stream_;
    cudaEvent_t events_[2] = {};
};

/// A stream whose matrix products are cuBLASLt's. Rows of weft's matrices are columns of cuBLASLt's, so that
/// each product is of the transposes, and a bias for each of weft's columns is one for each of its rows.
class blaslt_stream : public stream {
public:
    explicit blaslt_stream(blaslt_options options = {})
        : library_(std::make_unique<blaslt_handle>(options)) {}

    /// gemm, gemm_data or gemm_weights with what follows; false, and nothing is done, where the library has
    /// no way.
    template <graph::opcode Op, class Chain, class T>
    bool library_product(const graph::node& n, const arguments<T>& a) const {
        const std::int64_t rows = std::int64_t(a.batch) * n.attribute[0], outs = n.attribute[1],
                           depth = n.attribute[2];
        if constexpr (Op == graph::opcode::gemm_weights) {
            const bool bias = a.out[1] != nullptr;
            const blaslt_problem p{
                bias ? CUBLASLT_EPILOGUE_BGRADB : CUBLASLT_EPILOGUE_DEFAULT, false, true, depth, outs, rows};
            return try_product(p, blaslt_memory<T>{a.in[0], a.in[1], a.out[0], a.out[1], nullptr});
        } else {
            constexpr bool forward = Op == graph::opcode::gemm;
            const blaslt_problem plain{CUBLASLT_EPILOGUE_DEFAULT, forward, false,
                                       forward ? outs : depth,    rows,    forward ? depth : outs};
            const blaslt_memory<T> at{a.in[1], a.in[0], a.out[0], nullptr, nullptr};
            constexpr fused_steps f = fused_of<Op, Chain>::value;
            if constexpr (f.steps > 0)
                if (fused_product<Op, Chain>(plain, at, n, a)) return true;
            if (!try_product(plain, at)) return false;
            finish<Chain>(*this, n, a);
            return true;
        }
    }

private:
    template <class T>
    bool try_product(const blaslt_problem& p, const blaslt_memory<T>& at) const {
        if (!library_->can(p, at)) return false;
        library_->multiply(p, at, handle());
        return true;
    }
    /// With an epilogue for the first steps, where that fits the sizes and is not slower.
    template <graph::opcode Op, class Chain, class T>
    bool fused_product(const blaslt_problem& plain, const blaslt_memory<T>& at, const graph::node& n,
                       const arguments<T>& a) const {
        constexpr fused_steps f = fused_of<Op, Chain>::value;
        using rest = typename rest_of_chain<f.steps, Chain>::type;
        blaslt_problem p = plain;
        blaslt_memory<T> with = at;
        p.epilogue = f.epilogue;
        if constexpr (f.bias >= 0) {
            if (n.view.inner != 1 || n.view.channels != plain.m) return false;
            with.bias = a.operand[f.bias];
        }
        if constexpr (f.aux >= 0) {
            with.aux = a.operand[f.aux];
            if (plain.m % 8 != 0 || !pack<T>::aligned(with.aux)) return false;
        }
        if (!library_->can(p, with)) return false;
        const arguments<T> left = without_steps(a, f.steps);
        if (library_->options().measure && !library_->faster(p))
            measure<Chain, rest>(p, with, plain, at, n, a, left);
        if (!library_->faster(p).value_or(true)) return false;
        library_->multiply(p, with, handle());
        finish<rest>(*this, n, left);
        return true;
    }
    /// Runs both ways: each leaves the same results. Not while a graph is captured.
    template <class Chain, class Rest, class T>
    void measure(const blaslt_problem& p, const blaslt_memory<T>& with, const blaslt_problem& plain,
                 const blaslt_memory<T>& at, const graph::node& n, const arguments<T>& a,
                 const arguments<T>& left) const {
        cudaStreamCaptureStatus capturing{};
        check(cudaStreamIsCapturing(handle(), &capturing), "cudaStreamIsCapturing");
        if (capturing != cudaStreamCaptureStatusNone || !library_->can(plain, at)) return;
        stopwatch watch(handle());
        float fused = 0, apart = 0;
        for (int turn = 0; turn < 3; ++turn) {  // the first warms up
            watch.start();
            library_->multiply(p, with, handle());
            finish<Rest>(*this, n, left);
            const float one = watch.stop();
            watch.start();
            library_->multiply(plain, at, handle());
            finish<Chain>(*this, n, a);
            const float other = watch.stop();
            if (turn > 0) fused += one, apart += other;
        }
        library_->faster(p) = fused <= apart;
    }

    std::unique_ptr<blaslt_handle> library_;  ///< its plans change where a product first runs
};

}  // namespace weft::cuda_backend
