#pragma once
/// What the benchmarks run on: the current GPU or, in programs built without nvcc, the host's twin of its
/// kernels, which tries these programs and tells nothing about time.

#include <cstdint>
#include <span>
#include <vector>
#include <weft/cuda.hpp>
#ifdef __CUDACC__
#include <weft/backend/cuda/library/cublaslt_products.cuh>
#endif

namespace bench {

#ifdef __CUDACC__
using device = weft::cuda_backend::stream;
/// Products by cuBLASLt, with its epilogues or weft's steps, whichever is faster.
struct library : weft::cuda_backend::blaslt_stream {
    library() : blaslt_stream({.measure = true}) {}
};
inline void wait_for_device() { weft::cuda_backend::check(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); }
inline constexpr bool on_gpu = true;
#else
using device = weft::cuda_backend::host_twin;
struct library : device {};
inline void wait_for_device() {}
inline constexpr bool on_gpu = false;
#endif

using memory = device::memory;
template <class T>
using device_numbers = memory::buffer<T>;

/// Number i of a random stream, in [0, 1): the same on the host and on the device.
WEFT_DEVICE constexpr float number(std::uint64_t stream, std::int64_t i) {
    return weft::uniform01(weft::philox(11, stream, std::uint64_t(i) / 4)[std::size_t(i) % 4]);
}
/// Samples: numbers in [-1, 1).
struct sample_numbers {
    std::uint64_t stream = 1;
    WEFT_DEVICE constexpr float operator()(std::int64_t i) const { return 2 * number(stream, i) - 1; }
};
/// Labels: whole numbers below `classes`; or for none, numbers in [0, 1).
struct target_numbers {
    int classes = 0;
    WEFT_DEVICE constexpr float operator()(std::int64_t i) const {
        return classes > 0 ? float(int(number(2, i) * float(classes))) : number(2, i);
    }
};

template <class Numbers>
struct fill_each {
    Numbers numbers;
    float* to;
    WEFT_DEVICE void operator()(std::int64_t i) const { to[i] = numbers(i); }
};
/// Fresh memory of the device with numbers that are not zeros.
template <class Numbers>
device_numbers<float> filled(std::size_t count, const Numbers& numbers) {
    device_numbers<float> result(count, "numbers of a benchmark");
    device d;
    weft::cuda_backend::for_each_index(d, std::int64_t(count),
                                       fill_each<Numbers>{numbers, result.data().address()});
    d.wait();
    return result;
}
/// The same on the host.
template <class T, class Numbers>
std::vector<T> host_numbers(std::size_t count, const Numbers& numbers) {
    std::vector<T> result(count);
    for (std::size_t i = 0; i < count; ++i) result[i] = T(numbers(std::int64_t(i)));
    return result;
}
inline std::vector<float> read_back(memory::pointer<const float> from, std::size_t count) {
    std::vector<float> result(count);
    memory::read<float>(from, std::span<float>(result));
    return result;
}

}  // namespace bench
