#pragma once
/// CUDA's kernels as the policy under test, part of problem.hpp: on the GPU in programs that nvcc builds with
/// WEFT_TEST_CUDA_DEVICE, else on their twin.

#include <cstddef>
#include <vector>
#include <weft/backend/cuda/kernels.hpp>

#ifdef WEFT_TEST_CUDA_DEVICE
#include <weft/backend/cuda/library/cublaslt_products.cuh>
#if WEFT_WITH_CUDNN
#include <weft/backend/cuda/library/cudnn.cuh>
#endif
#endif

namespace conformance {

namespace graph = weft::graph;
/// Copies of arrays in a device's memory. Each is an allocation of its own, so that compute-sanitizer sees
/// whatever leaves it.
template <class Memory>
class device_copies {
public:
    template <class T>
    void add(T* numbers, std::size_t count) {
        if (count == 0) return;
        all_.emplace_back(reinterpret_cast<std::byte*>(numbers), count * sizeof(T));
        Memory::template write<std::byte>({all_.back().here, all_.back().there.size()},
                                          all_.back().there.data());
    }
    template <class T>
    void add(std::vector<std::vector<T>>& arrays) {
        for (auto& x : arrays) add(x.data(), x.size());
    }
    /// Where the copy of a number is; null for null.
    template <class T>
    T* at(T* number) const {
        const auto* const address = reinterpret_cast<const std::byte*>(number);
        for (const copy& each : all_)
            if (address >= each.here && address < each.here + each.there.size())
                return reinterpret_cast<T*>(each.there_at + (address - each.here));
        return nullptr;
    }
    /// Brings all numbers back.
    void fetch() const {
        for (const copy& each : all_)
            Memory::template read<std::byte>(each.there.data(), {each.here, each.there.size()});
    }

private:
    struct copy {
        std::byte* here;
        typename Memory::template buffer<std::byte> there;
        std::byte* there_at;
        copy(std::byte* at, std::size_t bytes) : here(at), there(bytes), there_at(there.data().address()) {}
    };
    std::vector<copy> all_;
};

// Ways 1 to 3 are weft's own kernels: 2 with numbers that no packs of can be moved, and 3 is once more the
// first. On the GPU ways 4 to 6 are the same with cuBLASLt or cuDNN, for the operations that it takes; it may
// choose another algorithm where numbers lie elsewhere.
constexpr bool misaligned(int way) { return way == 2 || way == 5; }
constexpr int same_bits_as(int way) { return way <= 3 ? 1 : way == 5 ? 0 : 4; }

#ifdef WEFT_TEST_CUDA_DEVICE
using own_kernels = weft::cuda_backend::stream;
template <class Op>
inline constexpr int ways = std::is_base_of_v<graph::product, Op> ||
                                    (std::is_base_of_v<graph::convolution, Op> && WEFT_WITH_CUDNN)
                                ? 6
                                : 3;
#if WEFT_WITH_CUDNN
/// All convolutions by cuDNN, however small.
class libraries : public weft::cuda_backend::blaslt_stream {
public:
    template <class Op, class Chain, class T, class Own>
    bool library_convolution(const weft::graph::node& n, const weft::arguments<T>& a, T* scratch,
                             const Own& own) const {
        return weft::cuda_backend::library_convolutions<libraries, always, Op, Chain, T>(*this, library_, n,
                                                                                         a, scratch)
            .run(own);
    }

private:
    struct always : weft::cuda_backend::cudnn_handle {
        using cudnn_handle::cudnn_handle;
        bool measures() const { return true; }
        template <class... Ways>
        int fastest(const weft::cuda_backend::convolution_problem&, const libraries&, int, const Ways&...) {
            return 1;
        }
    };
    mutable always library_{*this, {}};
};
#else
using libraries = weft::cuda_backend::blaslt_stream;
#endif
#else
using own_kernels = weft::cuda_backend::host_twin;
template <class>
inline constexpr int ways = 3;
#endif

/// Runs an operation on copies of its arrays, and brings back what it left there.
template <class Op, class Chain, class T>
void run_way(int way, const weft::graph::node& n, const weft::arguments<T>& here, T* scratch,
             const device_copies<own_kernels::memory>& copies) {
    const auto run = [&](const auto& device) {
        weft::arguments<T> there = here;
        for (auto& x : there.in) x = copies.at(x);
        for (auto& x : there.out) x = copies.at(x);
        for (auto& x : there.operand) x = copies.at(x);
        weft::cuda_backend::kernel<Op>::template run<Chain>(device, n, there, copies.at(scratch));
        device.wait();
    };
    static const own_kernels own{};
    if (way <= 3) run(own);
#ifdef WEFT_TEST_CUDA_DEVICE
    static const libraries library;
    if constexpr (ways < Op >> 3)
        if (way > 3) run(library);
#endif
    copies.fetch();
}

}  // namespace conformance
