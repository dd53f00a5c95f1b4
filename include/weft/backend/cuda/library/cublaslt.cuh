#pragma once

#include <cublasLt.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "../execution/stopwatch.cuh"
#include "product.hpp"

namespace weft::cuda_backend {

/// What a matrix product by cuBLASLt may do beyond the default.
struct blaslt_options {
    /// Rounds factors to 10 bits of mantissa (TF32) and runs on tensor cores.
    bool tf32 = false;
    /// Times an epilogue against the plain product and its steps, where it first runs, and keeps the faster.
    /// The two may round differently: with this, a program's bits may differ between runs.
    bool measure = false;
};

/// cuBLASLt's epilogues. Its GELU is the approximation by tanh, and its RELU max(x, 0), which may take NaN to
/// 0 where weft's keeps it.
constexpr cublasLtEpilogue_t blaslt_epilogue(epilogue e) {
    using enum epilogue;
    switch (e) {
        case bias:
            return CUBLASLT_EPILOGUE_BIAS;
        case relu:
            return CUBLASLT_EPILOGUE_RELU;
        case relu_bias:
            return CUBLASLT_EPILOGUE_RELU_BIAS;
        case relu_aux:
            return CUBLASLT_EPILOGUE_RELU_AUX;
        case relu_aux_bias:
            return CUBLASLT_EPILOGUE_RELU_AUX_BIAS;
        case relu_slope:
            return CUBLASLT_EPILOGUE_DRELU;
        case gelu:
            return CUBLASLT_EPILOGUE_GELU;
        case gelu_bias:
            return CUBLASLT_EPILOGUE_GELU_BIAS;
        case gelu_aux:
            return CUBLASLT_EPILOGUE_GELU_AUX;
        case gelu_aux_bias:
            return CUBLASLT_EPILOGUE_GELU_AUX_BIAS;
        case gelu_slope:
            return CUBLASLT_EPILOGUE_DGELU;
        case bias_gradient:
            return CUBLASLT_EPILOGUE_BGRADB;
        default:
            return CUBLASLT_EPILOGUE_DEFAULT;
    }
}

constexpr cudaDataType_t blaslt_type(stored_as type) {
    using enum stored_as;
    return type == f64 ? CUDA_R_64F : type == f16 ? CUDA_R_16F : type == bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

/// cuBLASLt for one stream's products: a handle, its workspace, and a plan for each product that was seen.
/// Makes a plan where a product first runs, which must not be inside a capture; allocates nothing on the
/// device then. Not to be used by two threads or for two streams at once.
class blaslt_handle {
public:
    explicit blaslt_handle(blaslt_options options = {}) : options_(options) {
        check_library(cublasLtCreate(&handle_), "cublasLtCreate", {});
        allocate();
    }
    blaslt_handle(const blaslt_handle&) = delete;
    blaslt_handle& operator=(const blaslt_handle&) = delete;
    ~blaslt_handle() {
        gpu_space::release(workspace_);
        static_cast<void>(cublasLtDestroy(handle_));
    }

    /// Is there a way to do it?
    bool can(const library_problem& p, const library_memory& at) { return plan_of(p, at).found; }
    void multiply(const library_problem& p, const library_memory& at, const stream& device) {
        plan& found = plan_of(p, at);
        if (!found.found) check_library(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic", p);
        set_pointers(found.operation, p, at);
        const bool is_double = p.result == stored_as::f64;
        const double one = 1, zero = 0;
        const float float_one = 1, float_zero = 0;
        const void *const alpha = is_double ? static_cast<const void*>(&one) : &float_one,
                          *const beta = is_double ? static_cast<const void*>(&zero) : &float_zero;
        check_library(cublasLtMatmul(handle_, &found.operation, alpha, at.a, &found.a, at.b, &found.b, beta,
                                     at.d, &found.d, at.d, &found.d, &found.algorithm, workspace_,
                                     workspace_bytes, device.handle()),
                      "cublasLtMatmul", p);
    }
    /// Without `measure`, whatever the library offers is preferred. Both ways leave the same results.
    template <class Fused, class Apart>
    bool prefers(const library_problem& p, const stream& device, const Fused& fused, const Apart& apart) {
        if (!options_.measure) return true;
        for (const measured& each : measured_)
            if (each.problem == p) return each.fused_is_faster;
        cudaStreamCaptureStatus capturing{};
        check(cudaStreamIsCapturing(device.handle(), &capturing), "cudaStreamIsCapturing");
        if (capturing != cudaStreamCaptureStatusNone) return true;
        fused(), apart();  // to warm up
        const bool faster = time_of(device, fused) <= time_of(device, apart);
        measured_.push_back({p, faster});
        return faster;
    }
    written_masks& masks() { return masks_; }

private:
    static constexpr std::size_t workspace_bytes = std::size_t(32) << 20;

    struct measured {
        library_problem problem;
        bool fused_is_faster;
    };
    struct plan {
        library_problem problem;
        int alignment[5] = {};
        bool found = false;
        cublasLtMatmulDescOpaque_t operation;
        cublasLtMatrixLayoutOpaque_t a, b, d;
        cublasLtMatmulAlgo_t algorithm;
    };

    static void check_library(cublasStatus_t status, const char* call,
                              const std::optional<library_problem>& p) {
        if (status == CUBLAS_STATUS_SUCCESS) return;
        std::string where = call;
        if (p)
            where += " of [" + std::to_string(p->m) + ", " + std::to_string(p->k) + "] [" +
                     std::to_string(p->k) + ", " + std::to_string(p->n) + "], epilogue " +
                     std::to_string(int(blaslt_epilogue(p->does)));
        raise("cannot multiply matrices on the GPU", where, cublasLtGetStatusString(status));
    }
    /// Without leaving a handle behind where there is no memory.
    void allocate() {
        struct guard {
            cublasLtHandle_t handle;
            ~guard() {
                if (handle != nullptr) static_cast<void>(cublasLtDestroy(handle));
            }
        } open{handle_};
        workspace_ = gpu_space::allocate(workspace_bytes, "cuBLASLt's workspace");
        open.handle = nullptr;
    }
    /// The largest power of two up to 256 that divides an address.
    static int alignment_of(const void* address) {
        const auto bits = reinterpret_cast<std::uintptr_t>(address) | 256;
        return int(bits & (~bits + 1));
    }

    plan& plan_of(const library_problem& p, const library_memory& at) {
        const int alignment[5] = {alignment_of(at.a), alignment_of(at.b), alignment_of(at.d),
                                  alignment_of(at.bias), alignment_of(at.aux)};
        for (plan& each : plans_)
            if (each.problem == p && std::equal(alignment, alignment + 5, each.alignment)) return each;
        plan made;
        made.problem = p;
        std::copy(alignment, alignment + 5, made.alignment);
        find(made, at);
        return plans_.emplace_back(made);
    }
    void find(plan& to, const library_memory& at) const {
        const library_problem& p = to.problem;
        // Of 16 bits, products are exact in float, and tensor cores make them anyway.
        const bool is_double = p.result == stored_as::f64,
                   tf32 = options_.tf32 && p.factors == stored_as::f32;
        const cublasComputeType_t compute = is_double ? CUBLAS_COMPUTE_64F
                                            : tf32    ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                      : CUBLAS_COMPUTE_32F;
        check_library(cublasLtMatmulDescInit(&to.operation, compute, is_double ? CUDA_R_64F : CUDA_R_32F),
                      "cublasLtMatmulDescInit", p);
        const cudaDataType_t factors = blaslt_type(p.factors), result = blaslt_type(p.result);
        const cublasOperation_t of_a = p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                                of_b = p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
        set(to.operation, CUBLASLT_MATMUL_DESC_TRANSA, of_a, p);
        set(to.operation, CUBLASLT_MATMUL_DESC_TRANSB, of_b, p);
        set(to.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, blaslt_epilogue(p.does), p);
        if (at.aux != nullptr) set(to.operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, p.aux_stride(), p);
        set_pointers(to.operation, p, at);
        layout(to.a, factors, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p);
        layout(to.b, factors, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p);
        layout(to.d, result, p.m, p.n, p);

        cublasLtMatmulPreferenceOpaque_t preference;
        check_library(cublasLtMatmulPreferenceInit(&preference), "cublasLtMatmulPreferenceInit", p);
        const std::uint64_t bytes = workspace_bytes;
        prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, std::uint32_t(to.alignment[0]), p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, std::uint32_t(to.alignment[1]), p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, std::uint32_t(to.alignment[2]), p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, std::uint32_t(to.alignment[2]), p);
        cublasLtMatmulHeuristicResult_t offered{};
        int count = 0;
        const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
            handle_, &to.operation, &to.a, &to.b, &to.d, &to.d, &preference, 1, &offered, &count);
        // Which epilogues a type has is not all documented; what is not there is done without.
        if (status == CUBLAS_STATUS_NOT_SUPPORTED ||
            (status != CUBLAS_STATUS_SUCCESS && p.does != epilogue::plain))
            return;
        check_library(status, "cublasLtMatmulAlgoGetHeuristic", p);
        to.found = count > 0 && offered.state == CUBLAS_STATUS_SUCCESS;
        to.algorithm = offered.algo;
    }
    static void set_pointers(cublasLtMatmulDescOpaque_t& operation, const library_problem& p,
                             const library_memory& at) {
        if (at.bias != nullptr) set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, at.bias, p);
        if (at.aux != nullptr) set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, at.aux, p);
    }
    template <class Value>
    static void set(cublasLtMatmulDescOpaque_t& operation, cublasLtMatmulDescAttributes_t what,
                    const Value& value, const library_problem& p) {
        check_library(cublasLtMatmulDescSetAttribute(&operation, what, &value, sizeof value),
                      "cublasLtMatmulDescSetAttribute", p);
    }
    template <class Value>
    static void prefer(cublasLtMatmulPreferenceOpaque_t& preference,
                       cublasLtMatmulPreferenceAttributes_t what, const Value& value,
                       const library_problem& p) {
        check_library(cublasLtMatmulPreferenceSetAttribute(&preference, what, &value, sizeof value),
                      "cublasLtMatmulPreferenceSetAttribute", p);
    }
    static void layout(cublasLtMatrixLayoutOpaque_t& to, cudaDataType_t type, std::int64_t rows,
                       std::int64_t columns, const library_problem& p) {
        check_library(cublasLtMatrixLayoutInit(&to, type, std::uint64_t(rows), std::uint64_t(columns), rows),
                      "cublasLtMatrixLayoutInit", p);
    }

    blaslt_options options_;
    cublasLtHandle_t handle_ = nullptr;
    void* workspace_ = nullptr;
    std::vector<plan> plans_;
    std::vector<measured> measured_;
    written_masks masks_;
};

}  // namespace weft::cuda_backend
