#pragma once
/// A stand-in for cuBLASLt in plain loops, as its documentation describes it.

#include <cstddef>
#include <cstdint>
#include <vector>
#include <weft/backend/cuda/library/product.hpp>
#include <weft/backend/reference/steps.hpp>

#include "stored_number.hpp"

namespace product_stand_in {

namespace cb = weft::cuda_backend;
using cb::epilogue;
using stand_ins::number, stand_ins::put;
using weft::graph::function;

/// A bit of a mask, in an order of the library's own: from the end of a column, and zero for what is
/// positive.
inline std::int64_t place_of(const cb::library_problem& p, std::int64_t i, std::int64_t j) {
    return j * p.aux_stride() + p.aux_stride() - 1 - i;
}
inline bool bit(const void* mask, const cb::library_problem& p, std::int64_t i, std::int64_t j) {
    const std::int64_t at = place_of(p, i, j);
    return !(static_cast<const unsigned char*>(mask)[at / 8] >> at % 8 & 1);
}
inline void set_bit(void* mask, const cb::library_problem& p, std::int64_t i, std::int64_t j, bool to) {
    const std::int64_t at = place_of(p, i, j);
    unsigned char& byte = static_cast<unsigned char*>(mask)[at / 8];
    const unsigned one = 1u << at % 8;
    byte = static_cast<unsigned char>(to ? byte & ~one : byte | one);
}

struct stand_in {
    bool epilogues = true, bias_gradients = true, fused_is_better = true;
    bool masks_relu = true;
    std::vector<epilogue> done = {};
    cb::written_masks masks_of_relu = {};

    cb::written_masks& masks() { return masks_of_relu; }
    bool can(const cb::library_problem& p, const cb::library_memory&) const {
        if (p.does == epilogue::bias_gradient) return bias_gradients;
        if (has_mask(p.does) && !masks_relu) return false;
        return epilogues || p.does == epilogue::plain;
    }
    template <class Device, class Fused, class Apart>
    bool prefers(const cb::library_problem&, const Device&, const Fused&, const Apart& apart) const {
        if (!fused_is_better) apart();  // as a measurement does
        return fused_is_better;
    }
    template <class Device>
    void multiply(const cb::library_problem& p, const cb::library_memory& at, const Device&) {
        using enum epilogue;
        done.push_back(p.does);
        if (has_mask(p.does)) {  // what cublasLt.h asks for
            REQUIRE(p.aux_stride() % 128 == 0);
            REQUIRE(p.aux_stride() >= p.m);
        }
        constexpr std::int32_t bits[2] = {};
        const auto function_of = [&](function f, double x) {
            return weft::reference_backend::apply<weft::graph::function_list<>>(f, bits, x);
        };
        const auto b_at = [&](std::int64_t k, std::int64_t j) {
            return number(at.b, p.factors, p.transpose_b ? k * p.n + j : j * p.k + k);
        };
        for (std::int64_t j = 0; j < p.n; ++j) {
            for (std::int64_t i = 0; i < p.m; ++i) {
                double x = 0;
                for (std::int64_t k = 0; k < p.k; ++k)
                    x += number(at.a, p.factors, p.transpose_a ? i * p.k + k : k * p.m + i) * b_at(k, j);
                const std::int64_t place = j * p.m + i;
                if (p.does == bias || p.does == relu_bias || p.does == relu_aux_bias || p.does == gelu_bias ||
                    p.does == gelu_aux_bias)
                    x += number(at.bias, p.result, i);
                if (p.does == gelu_aux || p.does == gelu_aux_bias) put(at.aux, p.result, place, x);
                if (p.does == relu_aux || p.does == relu_aux_bias) set_bit(at.aux, p, i, j, x > 0);
                if (p.does == relu || p.does == relu_bias || p.does == relu_aux || p.does == relu_aux_bias)
                    x = function_of(function::relu, x);
                if (p.does == gelu || p.does == gelu_bias || p.does == gelu_aux || p.does == gelu_aux_bias)
                    x = function_of(function::gelu_tanh, x);
                if (p.does == relu_slope && !bit(at.aux, p, i, j)) x = 0;
                if (p.does == gelu_slope)
                    x *= weft::reference_backend::slope_from_x<weft::graph::function_list<>>(
                        function::gelu_tanh, bits, number(at.aux, p.result, place));
                put(at.d, p.result, place, x);
            }
            if (p.does != bias_gradient) continue;
            double sum = 0;
            for (std::int64_t k = 0; k < p.k; ++k) sum += b_at(k, j);
            put(at.bias, p.result, j, sum);
        }
    }
};

}  // namespace product_stand_in
