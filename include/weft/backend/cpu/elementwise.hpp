#pragma once

#include "kernel.hpp"

namespace weft::cpu_backend {

/// All of it is the chain.
template <>
struct kernel<graph::elementwise> : sample_kernel<graph::elementwise> {
    template <class T>
    static void samples(const graph::elementwise&, const arguments<T>&, std::ptrdiff_t, std::ptrdiff_t) {}

    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        if (n.once)
            run_chain<Chain>(n, a, 0, 1);
        else
            sample_kernel::run<Chain>(n, a, c);
    }
};

}  // namespace weft::cpu_backend
