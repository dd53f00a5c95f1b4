#pragma once

#include <algorithm>
#include <vector>

#include "../elementwise.hpp"
#include "../execution/stored_as.hpp"
#include "../passes/relu_mask.hpp"
#include "../products/factors.hpp"
#include "../reduce.hpp"
#include "epilogue.hpp"

namespace weft::cuda_backend {

/// A product d = op(a) op(b) as libraries see it, of matrices stored by columns without gaps: d is [m, n],
/// the depth is k. A bias has a number for each of the m rows, the gradient of a bias one for each of the n
/// columns (sums of op(b) over the depth), and aux is as d. Both factors are stored as one type; bias, its
/// gradient and aux are stored as d. A mask has a bit for each number, in columns of aux_stride() bits, of
/// which only the library knows the order.
struct library_problem {
    epilogue does;
    bool transpose_a, transpose_b;
    std::int64_t m, n, k;
    stored_as factors, result;
    constexpr std::int64_t aux_stride() const { return has_mask(does) ? mask_row(m) : m; }
    constexpr bool operator==(const library_problem&) const = default;
};
struct library_memory {
    const void *a, *b;
    void *d, *bias, *aux;  ///< the last two as the epilogue needs them
};

/// The masks of relu that products wrote, by address. Each run writes a mask, or does not, before it may read
/// it, and nothing else lies there between: so what was noted last is right, and a graph that is captured of
/// the run keeps it.
class written_masks {
public:
    void note(const void* mask, bool written) {
        const auto found = std::find(at_.begin(), at_.end(), mask);
        if (written && found == at_.end()) at_.push_back(mask);
        if (!written && found != at_.end()) at_.erase(found);
    }
    bool has(const void* mask) const { return std::find(at_.begin(), at_.end(), mask) != at_.end(); }

private:
    std::vector<const void*> at_;
};

/// gemm, gemm_data and gemm_weights with what follows, by a library that stores columns: weft's rows are its
/// columns, so that each product is of the transposes. `Library` has
///     bool can(p, memory)                      is there a way to do it?
///     void multiply(p, memory, device)
///     bool prefers(p, device, fused, apart)    is fused() the better way, and not apart()?
///     written_masks& masks()
template <class Device, class Library, class Product, class Chain, class T>
class library_products {
public:
    library_products(const Device& device, Library& library, const graph::node& n, const arguments<T>& a,
                     T* scratch)
        : device_(device), library_(library), n_(n), a_(a), scratch_(scratch) {}

    /// False, and nothing is done, where the library has no way.
    bool run() const {
        const auto size = n_.as<Product>();
        const std::int64_t rows = std::int64_t(a_.batch) * size.rows, outs = size.outs, depth = size.depth;
        if constexpr (gradient_kind<Product> == gradient_of::weights) {
            const library_problem plain{epilogue::plain, false, true, depth, outs, rows, factors, result};
            const library_memory at{a_.in[0], a_.in[1], a_.out[0], nullptr, nullptr};
            if (a_.out[1] == nullptr) return try_product(plain, at);
            library_problem with_bias = plain;
            library_memory to_bias = at;
            with_bias.does = epilogue::bias_gradient;
            to_bias.bias = a_.out[1];
            if (try_product(with_bias, to_bias)) return true;
            if (!try_product(plain, at)) return false;
            const sum_work<T, factor_type<Chain, T>, T> sums{input<Chain, 1>(a_), output<Chain, 1>(a_), T(1)};
            sum_columns(device_, sums, column_sizes{1, rows, outs}, scratch_);
            return true;
        } else {
            constexpr bool forward = gradient_kind<Product> == gradient_of::nothing;
            const library_problem plain{epilogue::plain,        forward, false, forward ? outs : depth, rows,
                                        forward ? depth : outs, factors, result};
            const library_memory at{a_.in[1], a_.in[0], a_.out[0], nullptr, nullptr};
            if (masked_product(plain, at)) return true;
            if constexpr (fused<false>.steps > 0)
                if (fused_product<false>(plain, at)) return true;
            return in_steps(plain, at);
        }
    }

private:
    using elements = elements_of<Chain>;
    template <bool Masked>
    static constexpr fused_steps fused = fuse_chain<Product, Chain>(Masked);
    static constexpr stored_as factors = storage_of<factor_type<Chain, T>>,
                               result = storage_of<output_type<Chain, 0, T>>;
    /// What is left of the chain after some steps.
    template <int Count>
    using after =
        typename elements::template rest<typename rest_of_chain<Count, typename elements::plain>::type,
                                         Count>;

    bool try_product(const library_problem& p, const library_memory& at) const {
        if (!library_.can(p, at)) return false;
        library_.multiply(p, at, device_);
        return true;
    }
    bool in_steps(const library_problem& plain, const library_memory& at) const {
        if (!try_product(plain, at)) return false;
        finish<after<0>>(device_, n_, a_);
        return true;
    }
    /// With a mask of relu, where the graph has one: by the product of relu it is written, and those of its
    /// slope may read it then.
    bool masked_product(const library_problem& plain, const library_memory& at) const {
        constexpr bool writes = gradient_kind<Product> == gradient_of::nothing;
        const T* const mask = writes ? a_.out[1] : a_.in[2];
        if (mask == nullptr) return false;
        if (writes) library_.masks().note(mask, false);
        if constexpr (has_mask(fused<true>.does)) {
            if (!writes && !library_.masks().has(mask)) return false;
            if (!fused_product<true>(plain, at, const_cast<T*>(mask))) return false;
            if (writes) library_.masks().note(mask, true);
            return true;
        }
        return false;
    }
    /// With an epilogue for the first steps, where that fits the sizes and is not slower.
    template <bool Masked>
    bool fused_product(const library_problem& plain, const library_memory& at, void* mask = nullptr) const {
        constexpr fused_steps f = fused<Masked>;
        library_problem p = plain;
        library_memory with = at;
        p.does = f.does;
        with.aux = mask;
        if (!f.fits(n_, n_.as<Product>().out(0).dims.last())) return false;
        if constexpr (f.bias >= 0) with.bias = a_.operand[f.bias];
        if constexpr (f.aux >= 0) with.aux = a_.operand[f.aux];
        if (with.aux != nullptr && !pack<T>::aligned(with.aux)) return false;  // what cuBLASLt asks of it
        if (!library_.can(p, with)) return false;
        const auto as_one = [&] {
            library_.multiply(p, with, device_);
            finish<after<f.steps>>(device_, n_, without_steps(a_, f.steps));
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
