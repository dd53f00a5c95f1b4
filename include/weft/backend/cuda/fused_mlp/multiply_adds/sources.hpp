#pragma once

#include "../layers.hpp"

namespace weft::cuda_backend {

/// A layer's input that lies in shared memory already, [feature][row].
template <class T>
struct resident {
    struct held {};
    const T* x;
    int stride;
    WEFT_DEVICE void load(int, int, held&) const {}
    WEFT_DEVICE void store(int, const held&, T*) const {}
    WEFT_DEVICE const T* at(int k, const T*) const { return x + k * stride; }
};

/// Slices of a matrix [Count, K] in global memory, whose rows (as many as there are) become columns.
template <int Count, int K, int Threads, class T>
struct transposed {
    static constexpr int size = pack<T>::size, groups = slice / size,
                         each = (Count * groups + Threads - 1) / Threads;
    static constexpr int stride = Count + 4;
    struct held {
        pack<T> at[each];
    };
    const T* from;
    int valid;     ///< rows that there are; others are zeros
    bool aligned;  ///< may packs be loaded?

    WEFT_DEVICE transposed(const T* matrix, int rows)
        : from(matrix), valid(rows), aligned(K % size == 0 && pack<T>::aligned(matrix)) {}

    WEFT_DEVICE void load(int t, int k, held& h) const {
        WEFT_UNROLL(16)
        for (int e = 0; e < each; ++e) {
            const int item = t + e * Threads, row = item / groups, first = k + item % groups * size;
            const T* const source = from + std::int64_t(row) * K + first;
            if (row < valid && aligned && first < K) {
                h.at[e] = pack<T>::load(source);
            } else {
                for (int i = 0; i < size; ++i)
                    h.at[e].at[i] = row < valid && first + i < K ? source[i] : T(0);
            }
        }
    }
    WEFT_DEVICE void store(int t, const held& h, T* to) const {
        WEFT_UNROLL(16)
        for (int e = 0; e < each; ++e) {
            const int item = t + e * Threads, row = item / groups;
            if (row < Count)
                for (int i = 0; i < size; ++i) to[(item % groups * size + i) * stride + row] = h.at[e].at[i];
        }
    }
    WEFT_DEVICE const T* at(int, const T* stage) const { return stage; }
};

/// Slices of a matrix [K, In] in global memory as it lies there, padded with zeros to Padded columns.
template <int Padded, int In, int K, int Threads, class T>
struct straight {
    static constexpr int size = pack<T>::size, groups = Padded / size,
                         each = (slice * groups + Threads - 1) / Threads;
    static constexpr int stride = Padded + 4;
    struct held {
        pack<T> at[each];
    };
    const T* from;
    bool aligned;

    WEFT_DEVICE explicit straight(const T* matrix)
        : from(matrix), aligned(In % size == 0 && pack<T>::aligned(matrix)) {}

    WEFT_DEVICE void load(int t, int k, held& h) const {
        WEFT_UNROLL(16)
        for (int e = 0; e < each; ++e) {
            const int item = t + e * Threads, row = k + item / groups, first = item % groups * size;
            const T* const source = from + std::int64_t(row) * In + first;
            if (row < K && aligned && first < In) {
                h.at[e] = pack<T>::load(source);
            } else {
                for (int i = 0; i < size; ++i) h.at[e].at[i] = row < K && first + i < In ? source[i] : T(0);
            }
        }
    }
    WEFT_DEVICE void store(int t, const held& h, T* to) const {
        WEFT_UNROLL(16)
        for (int e = 0; e < each; ++e) {
            const int item = t + e * Threads;
            if (item / groups < slice) h.at[e].store(to + item / groups * stride + item % groups * size);
        }
    }
};

}  // namespace weft::cuda_backend
