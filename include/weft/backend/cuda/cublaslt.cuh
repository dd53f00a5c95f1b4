#pragma once

#include <cublasLt.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "stream.cuh"

namespace weft::cuda_backend {

/// What a matrix product by cuBLASLt may do beyond the default.
struct blaslt_options {
    /// Rounds factors to 10 bits of mantissa (TF32) and runs on tensor cores.
    bool tf32 = false;
    /// Times an epilogue against the plain product and its steps, where it first runs, and keeps the faster.
    /// The two may round differently: with this, a program's bits may differ between runs.
    bool measure = false;
};

/// A product d = op(a) op(b) of matrices stored by columns: d is [m, n], the depth is k.
struct blaslt_problem {
    cublasLtEpilogue_t epilogue;
    bool transpose_a, transpose_b;
    std::int64_t m, n, k;
    bool operator==(const blaslt_problem&) const = default;
};
/// The memory of one.
template <class T>
struct blaslt_memory {
    const T *a, *b;
    T *d, *bias, *aux;  ///< the last two as the epilogue needs them
};

/// cuBLASLt for one stream's products: a handle, its workspace, and a plan for each product that was seen.
/// Makes a plan where a product first runs, which must not be inside a capture; allocates nothing on the
/// device then. Not to be used by two threads or for two streams at once.
class blaslt_handle {
public:
    explicit blaslt_handle(blaslt_options options = {}) : options_(options) {
        check(cublasLtCreate(&handle_), "cublasLtCreate", {});
        allocate();
    }
    blaslt_handle(const blaslt_handle&) = delete;
    blaslt_handle& operator=(const blaslt_handle&) = delete;
    ~blaslt_handle() {
        gpu_space::release(workspace_);
        static_cast<void>(cublasLtDestroy(handle_));
    }
    const blaslt_options& options() const { return options_; }

    /// Is there a way to do it?
    template <class T>
    bool can(const blaslt_problem& p, const blaslt_memory<T>& at) {
        return plan_of(p, at).found;
    }
    template <class T>
    void multiply(const blaslt_problem& p, const blaslt_memory<T>& at, cudaStream_t stream) {
        plan& found = plan_of(p, at);
        if (!found.found) check(CUBLAS_STATUS_NOT_SUPPORTED, "cublasLtMatmulAlgoGetHeuristic", p);
        set_pointers(found.operation, p, at);
        const T one = 1, zero = 0;
        check(cublasLtMatmul(handle_, &found.operation, &one, at.a, &found.a, at.b, &found.b, &zero, at.d,
                             &found.d, at.d, &found.d, &found.algorithm, workspace_, workspace_bytes, stream),
              "cublasLtMatmul", p);
    }
    /// Whether an epilogue was faster than the plain product and its steps, where that was measured.
    std::optional<bool>& faster(const blaslt_problem& p) {
        for (plan& each : plans_)
            if (each.problem == p) return each.faster;
        raise("cannot multiply matrices", "cuBLASLt", "a product was measured before it was planned");
    }

private:
    static constexpr std::size_t workspace_bytes = std::size_t(32) << 20;

    struct plan {
        blaslt_problem problem;
        int element = 0, alignment[5] = {};
        bool found = false;
        std::optional<bool> faster = {};
        cublasLtMatmulDescOpaque_t operation;
        cublasLtMatrixLayoutOpaque_t a, b, d;
        cublasLtMatmulAlgo_t algorithm;
    };

    static void check(cublasStatus_t status, const char* call, const std::optional<blaslt_problem>& p) {
        if (status == CUBLAS_STATUS_SUCCESS) return;
        std::string where = call;
        if (p)
            where += " of [" + std::to_string(p->m) + ", " + std::to_string(p->k) + "] [" +
                     std::to_string(p->k) + ", " + std::to_string(p->n) + "], epilogue " +
                     std::to_string(int(p->epilogue));
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

    template <class T>
    plan& plan_of(const blaslt_problem& p, const blaslt_memory<T>& at) {
        const int alignment[5] = {alignment_of(at.a), alignment_of(at.b), alignment_of(at.d),
                                  alignment_of(at.bias), alignment_of(at.aux)};
        for (plan& each : plans_)
            if (each.problem == p && each.element == int(sizeof(T)) &&
                std::equal(alignment, alignment + 5, each.alignment))
                return each;
        plan made;
        made.problem = p;
        made.element = int(sizeof(T));
        std::copy(alignment, alignment + 5, made.alignment);
        find(made, at);
        return plans_.emplace_back(made);
    }
    template <class T>
    void find(plan& to, const blaslt_memory<T>& at) const {
        const blaslt_problem& p = to.problem;
        constexpr bool is_double = sizeof(T) == sizeof(double);
        constexpr cudaDataType_t type = is_double ? CUDA_R_64F : CUDA_R_32F;
        const cublasComputeType_t compute = is_double       ? CUBLAS_COMPUTE_64F
                                            : options_.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                            : CUBLAS_COMPUTE_32F;
        check(cublasLtMatmulDescInit(&to.operation, compute, type), "cublasLtMatmulDescInit", p);
        const cublasOperation_t of_a = p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                                of_b = p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
        set(to.operation, CUBLASLT_MATMUL_DESC_TRANSA, of_a, p);
        set(to.operation, CUBLASLT_MATMUL_DESC_TRANSB, of_b, p);
        set(to.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, p.epilogue, p);
        if (at.aux != nullptr) set(to.operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, p.m, p);
        set_pointers(to.operation, p, at);
        layout(to.a, type, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p);
        layout(to.b, type, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p);
        layout(to.d, type, p.m, p.n, p);

        cublasLtMatmulPreferenceOpaque_t preference;
        check(cublasLtMatmulPreferenceInit(&preference), "cublasLtMatmulPreferenceInit", p);
        const std::uint64_t bytes = workspace_bytes;
        prefer(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, std::uint32_t(to.alignment[0]), p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, std::uint32_t(to.alignment[1]), p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, std::uint32_t(to.alignment[2]), p);
        prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, std::uint32_t(to.alignment[2]), p);
        cublasLtMatmulHeuristicResult_t result{};
        int count = 0;
        const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
            handle_, &to.operation, &to.a, &to.b, &to.d, &to.d, &preference, 1, &result, &count);
        // Which epilogues a type has is not all documented; what is not there is done without.
        if (status == CUBLAS_STATUS_NOT_SUPPORTED) return;
        check(status, "cublasLtMatmulAlgoGetHeuristic", p);
        to.found = count > 0 && result.state == CUBLAS_STATUS_SUCCESS;
        to.algorithm = result.algo;
    }
    template <class T>
    static void set_pointers(cublasLtMatmulDescOpaque_t& operation, const blaslt_problem& p,
                             const blaslt_memory<T>& at) {
        if (at.bias != nullptr)
            set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(at.bias), p);
        if (at.aux != nullptr)
            set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, static_cast<const void*>(at.aux), p);
    }
    template <class Value>
    static void set(cublasLtMatmulDescOpaque_t& operation, cublasLtMatmulDescAttributes_t what,
                    const Value& value, const blaslt_problem& p) {
        check(cublasLtMatmulDescSetAttribute(&operation, what, &value, sizeof value),
              "cublasLtMatmulDescSetAttribute", p);
    }
    template <class Value>
    static void prefer(cublasLtMatmulPreferenceOpaque_t& preference,
                       cublasLtMatmulPreferenceAttributes_t what, const Value& value,
                       const blaslt_problem& p) {
        check(cublasLtMatmulPreferenceSetAttribute(&preference, what, &value, sizeof value),
              "cublasLtMatmulPreferenceSetAttribute", p);
    }
    static void layout(cublasLtMatrixLayoutOpaque_t& to, cudaDataType_t type, std::int64_t rows,
                       std::int64_t columns, const blaslt_problem& p) {
        check(cublasLtMatrixLayoutInit(&to, type, std::uint64_t(rows), std::uint64_t(columns), rows),
              "cublasLtMatrixLayoutInit", p);
    }

    blaslt_options options_;
    cublasLtHandle_t handle_ = nullptr;
    void* workspace_ = nullptr;
    std::vector<plan> plans_;
};

}  // namespace weft::cuda_backend
