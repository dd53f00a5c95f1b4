#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>

#include "buffer.hpp"

namespace weft {

/// The memory of the host. A policy that runs elsewhere names its own as `memory`: with a `buffer<T>` that
/// starts as zeros, a `pointer<T>` that is no T*, so that the host's addresses and a device's cannot be mixed
/// up, and `write`, `read` and `copy`, from the host, to it, and within.
struct host_memory {
    static constexpr bool on_host = true;
    template <class T>
    using buffer = weft::buffer<T>;
    template <class T>
    using pointer = T*;

    template <class T>
    static void write(std::span<const T> from, T* to) {
        std::copy(from.begin(), from.end(), to);
    }
    template <class T>
    static void read(const T* from, std::span<T> to) {
        std::copy_n(from, to.size(), to.begin());
    }
    template <class T>
    static void copy(const T* from, T* to, std::size_t count) {
        std::copy_n(from, count, to);
    }
};

namespace detail {

template <class Policy>
auto memory_of_policy() {
    if constexpr (requires { typename Policy::memory; })
        return std::type_identity<typename Policy::memory>();
    else
        return std::type_identity<host_memory>();
}
/// A plain address, for kernels.
template <class T>
constexpr T* address_of(T* pointer) {
    return pointer;
}

}  // namespace detail

/// Where a policy's kernels find their numbers.
template <class Policy>
using memory_of = typename decltype(detail::memory_of_policy<Policy>())::type;

}  // namespace weft
