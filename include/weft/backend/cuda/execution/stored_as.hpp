#pragma once

#include <cstdint>

#include "../../../core/float16.hpp"

namespace weft::cuda_backend {

/// How the numbers of a matrix or a tensor are stored, for libraries; `absent` for what an operation does
/// without.
enum class stored_as : std::uint8_t { absent, f64, f32, f16, bf16 };

template <class T>
inline constexpr stored_as storage_of = stored_as::absent;
template <>
inline constexpr stored_as storage_of<double> = stored_as::f64;
template <>
inline constexpr stored_as storage_of<float> = stored_as::f32;
template <>
inline constexpr stored_as storage_of<float16> = stored_as::f16;
template <>
inline constexpr stored_as storage_of<bfloat16> = stored_as::bf16;

}  // namespace weft::cuda_backend
