#pragma once
/// The numbers of a matrix or a tensor, as a library that is told how they are stored reads and writes them.

#include <cstddef>
#include <weft/backend/cuda/execution/stored_as.hpp>

#include "catch.hpp"

namespace stand_ins {

using weft::cuda_backend::stored_as;

inline double number(const void* from, stored_as type, std::ptrdiff_t i) {
    switch (type) {
        case stored_as::f64:
            return static_cast<const double*>(from)[i];
        case stored_as::f32:
            return double(static_cast<const float*>(from)[i]);
        case stored_as::f16:
            return double(float(static_cast<const weft::float16*>(from)[i]));
        case stored_as::bf16:
            return double(float(static_cast<const weft::bfloat16*>(from)[i]));
        default:
            FAIL("a tensor that is absent is read");
            return 0;
    }
}
inline void put(void* to, stored_as type, std::ptrdiff_t i, double x) {
    switch (type) {
        case stored_as::f64:
            static_cast<double*>(to)[i] = x;
            return;
        case stored_as::f32:
            static_cast<float*>(to)[i] = float(x);
            return;
        case stored_as::f16:
            static_cast<weft::float16*>(to)[i] = weft::float16(float(x));
            return;
        case stored_as::bf16:
            static_cast<weft::bfloat16*>(to)[i] = weft::bfloat16(float(x));
            return;
        default:
            FAIL("a tensor that is absent is written");
    }
}

}  // namespace stand_ins
