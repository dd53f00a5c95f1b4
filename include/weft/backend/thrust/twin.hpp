#pragma once

#include "../device/memory.hpp"
#include "system.hpp"

namespace weft {

namespace thrust_backend {

/// A device that is the host: memory with a device's types, and work cut as `Cut` says, in Thrust's
/// sequential system.
template <class Cut>
struct twin_system : Cut, device::twin {
    using cut = Cut;
    using device::twin::memory;
    static constexpr const char* name = "thrust<device_twin>";
    static constexpr const auto& policy() { return ::thrust::cpp::par; }

    template <class First, class Functor>
    void for_each(First first, std::ptrdiff_t count, const Functor& f) const {
        ::thrust::for_each_n(policy(), first, count, f);
    }
    /// See matrix_library.
    template <class T>
    void multiply_columns(bool transpose_a, bool transpose_b, std::ptrdiff_t m, std::ptrdiff_t n,
                          std::ptrdiff_t k, const T* a, std::ptrdiff_t lda, const T* b, std::ptrdiff_t ldb,
                          T* c, bool add = false) const {
        for (std::ptrdiff_t j = 0; j < n; ++j)
            for (std::ptrdiff_t i = 0; i < m; ++i) {
                double sum = add ? double(c[i + j * m]) : 0;
                for (std::ptrdiff_t l = 0; l < k; ++l)
                    sum += double(a[transpose_a ? l + i * lda : i + l * lda]) *
                           double(b[transpose_b ? j + l * ldb : l + j * ldb]);
                c[i + j * m] = T(sum);
            }
    }
};

}  // namespace thrust_backend

/// Stands in for weft::cuda_system on machines without one: kernels cut as for a device, and its way of
/// keeping numbers. Slow, for tests and debuggers.
struct device_twin : thrust_backend::twin_system<thrust_backend::device_cut> {};

}  // namespace weft
