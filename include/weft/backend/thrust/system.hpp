#pragma once

#include "../../config.hpp"

// config.hpp comes first: it says which system Thrust takes for its device.
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system/omp/execution_policy.h>
#if WEFT_HAS_TBB
#include <thrust/system/tbb/execution_policy.h>
#endif

#include <cstddef>

#include "../../core/memory.hpp"

namespace weft {

namespace thrust_backend {

/// How systems of the host cut work: pieces that a core keeps in its first cache, and vectors in registers.
struct host_cut {
    static constexpr bool on_device = false;  ///< are functors compiled into Thrust's algorithms?
    static constexpr bool has_matrix_library = false;
    static constexpr std::ptrdiff_t elements = 2048;     ///< of a chain in one call of its functor
    static constexpr std::ptrdiff_t small_work = 32768;  ///< elements that are not worth waking threads for
    static constexpr int vector_bytes = 64;              ///< numbers side by side in a product or a sum
    static constexpr int rows = 6, depth = 256, row_block = 96;  ///< of a tile of a product
};
/// A device has threads for all elements, and little memory for each.
struct device_cut {
    static constexpr bool on_device = true, has_matrix_library = true;
    static constexpr std::ptrdiff_t elements = 1;
    static constexpr int vector_bytes = 0;
    static constexpr int rows = 4, depth = 16, row_block = 4;
};

}  // namespace thrust_backend

/// Thrust's sequential system.
struct cpp : thrust_backend::host_cut {
    using cut = host_cut;
    using memory = host_memory;
    static constexpr const char* name = "thrust<cpp>";
    static constexpr const auto& policy() { return ::thrust::cpp::par; }
};
/// Thrust on OpenMP: programs are built with -fopenmp.
struct omp : thrust_backend::host_cut {
    using cut = host_cut;
    using memory = host_memory;
    static constexpr const char* name = "thrust<omp>";
    static constexpr const auto& policy() { return ::thrust::omp::par; }
};
#if WEFT_HAS_TBB
/// Thrust on Intel's TBB: programs are linked with it.
struct tbb : thrust_backend::host_cut {
    using cut = host_cut;
    using memory = host_memory;
    static constexpr const char* name = "thrust<tbb>";
    static constexpr const auto& policy() { return ::thrust::tbb::par; }
};
#endif
namespace thrust_backend {

/// A functor by its address, so that Thrust's algorithm is compiled once for all functors of the host.
struct any_functor {
    const void* self;
    void (*call)(const void*, std::ptrdiff_t);

    void operator()(std::ptrdiff_t i) const { call(self, i); }
};
template <class Functor>
void call_functor(const void* self, std::ptrdiff_t i) {
    (*static_cast<const Functor*>(self))(i);
}

/// Calls f(0), …, f(count - 1), in any order and at the same time. Each call touches about `each` elements.
template <class System, class Functor>
void for_each_index(const System& on, std::ptrdiff_t count, std::ptrdiff_t each, const Functor& f) {
    const ::thrust::counting_iterator<std::ptrdiff_t> first(0);
    if constexpr (System::on_device) {
        on.for_each(first, count, f);
    } else {
        const any_functor call{&f, &call_functor<Functor>};
        if (count == 1 || count * each < System::small_work)
            ::thrust::for_each_n(cpp::policy(), first, count, call);
        else
            ::thrust::for_each_n(System::policy(), first, count, call);
    }
}

constexpr std::ptrdiff_t pieces(std::ptrdiff_t all, std::ptrdiff_t each) { return (all + each - 1) / each; }

/// Numbers side by side: a vector of the compiler's, or on a device one number.
template <class T, int Bytes>
struct side_by_side {
    typedef T type __attribute__((vector_size(Bytes)));
    static constexpr int count = Bytes / int(sizeof(T));
};
template <class T>
struct side_by_side<T, 0> {
    using type = T;
    static constexpr int count = 1;
};

}  // namespace thrust_backend
}  // namespace weft
