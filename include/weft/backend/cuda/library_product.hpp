#pragma once

#include "elementwise.hpp"
#include "library_epilogue.hpp"
#include "reduce.hpp"

namespace weft::cuda_backend {

/// A product d = op(a) op(b) as libraries see it, of matrices stored by columns without gaps: d is [m, n],
/// the depth is k. A bias has a number for each of the m rows, the gradient of a bias one for each of the n
/// columns (sums of op(b) over the depth), and aux is as d.
struct library_problem {
    epilogue does;
    bool transpose_a, transpose_b;
    std::int64_t m, n, k;
    constexpr bool operator==(const library_problem&) const = default;
};
template <class T>
struct library_memory {
    const T *a, *b;
    T *d, *bias, *aux;  ///< the last two as the epilogue needs them
};

/// gemm, gemm_data and gemm_weights with what follows, by a library that stores columns: weft's rows are its
/// columns, so that each product is of the transposes. `Library` has
///     bool can(p, memory)                      is there a way to do it?
///     void multiply(p, memory, device)
///     bool prefers(p, device, fused, apart)    is fused() the better way, and not apart()?
template <class Device, class Library, graph::opcode Op, class Chain, class T>
class library_products {
public:
    library_products(const Device& device, Library& library, const graph::node& n, const arguments<T>& a,
                     T* scratch)
        : device_(device), library_(library), n_(n), a_(a), scratch_(scratch) {}

    /// False, and nothing is done, where the library has no way.
    bool run() const {
        const std::int64_t rows = std::int64_t(a_.batch) * n_.attribute[0], outs = n_.attribute[1],
                           depth = n_.attribute[2];
        if constexpr (Op == graph::opcode::gemm_weights) {
            const library_problem plain{epilogue::plain, false, true, depth, outs, rows};
            library_memory<T> at{a_.in[0], a_.in[1], a_.out[0], nullptr, nullptr};
            if (a_.out[1] == nullptr) return try_product(plain, at);
            library_problem with_bias = plain;
            with_bias.does = epilogue::bias_gradient;
            at.bias = a_.out[1];
            if (try_product(with_bias, at)) return true;
            at.bias = nullptr;
            if (!try_product(plain, at)) return false;
            sum_columns(device_, sum_work<T>{{a_.in[1]}, a_.out[1], T(1)}, column_sizes{1, rows, outs},
                        scratch_);
            return true;
        } else {
            constexpr bool forward = Op == graph::opcode::gemm;
            const library_problem plain{epilogue::plain,        forward, false,
                                        forward ? outs : depth, rows,    forward ? depth : outs};
            const library_memory<T> at{a_.in[1], a_.in[0], a_.out[0], nullptr, nullptr};
            if constexpr (fused.steps > 0)
                if (fused_product(plain, at)) return true;
            return in_steps(plain, at);
        }
    }

private:
    static constexpr fused_steps fused = fused_of<Op, Chain>::value;

    bool try_product(const library_problem& p, const library_memory<T>& at) const {
        if (!library_.can(p, at)) return false;
        library_.multiply(p, at, device_);
        return true;
    }
    bool in_steps(const library_problem& plain, const library_memory<T>& at) const {
        if (!try_product(plain, at)) return false;
        finish<Chain>(device_, n_, a_);
        return true;
    }
    /// With an epilogue for the first steps, where that fits the sizes and is not slower.
    bool fused_product(const library_problem& plain, const library_memory<T>& at) const {
        using rest = typename rest_of_chain<fused.steps, Chain>::type;
        library_problem p = plain;
        library_memory<T> with = at;
        p.does = fused.does;
        if constexpr (fused.bias >= 0) {
            if (n_.view.inner != 1 || n_.view.channels != plain.m) return false;
            with.bias = a_.operand[fused.bias];
        }
        if constexpr (fused.aux >= 0) {
            with.aux = a_.operand[fused.aux];
            if (plain.m % 8 != 0 || !pack<T>::aligned(with.aux)) return false;  // what cuBLASLt asks of it
        }
        if (!library_.can(p, with)) return false;
        const auto as_one = [&] {
            library_.multiply(p, with, device_);
            finish<rest>(device_, n_, without_steps(a_, fused.steps));
        };
        const auto apart = [&] { static_cast<void>(in_steps(plain, at)); };
        if (!library_.prefers(p, device_, as_one, apart)) return false;
        as_one();
        return true;
    }

    const Device& device_;
    Library& library_;
    const graph::node& n_;
    const arguments<T>& a_;
    T* scratch_;
};

}  // namespace weft::cuda_backend
