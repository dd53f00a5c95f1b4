#pragma once

#include <string>

#include "convolution.hpp"
#include "library/convolution.hpp"
#include "library/epilogue.hpp"
#include "products.hpp"

namespace weft::cuda_backend {

inline std::string parts_text(const product_plan& plan) {
    return plan.sizes.splits > 1 ? ", " + std::to_string(plan.sizes.splits) + " parts" : std::string();
}

/// The epilogue that a library of matrix products is asked for, and the steps that are left. (What it has no
/// way for is done by steps too.)
inline std::string library_text(const char* library, const graph::node& n) {
    std::string text = library;
    const bool weights = n.op == graph::opcode::gemm_weights,
               masked = !weights && (n.op == graph::opcode::gemm ? n.out[1] : n.in[2]) >= 0;
    fused_steps f = fuse_steps({n.op, n.steps, n.step_count, n.narrow_out, n.narrow_operands}, masked);
    if (!f.fits(n)) f = {};
    if (weights && n.out[1] >= 0) f.does = epilogue::bias_gradient;
    if (f.does != epilogue::plain) text.append(": ").append(name_of(f.does));
    const int left = n.step_count - f.steps;
    if (left > 0) text += ", then " + std::to_string(left) + (left == 1 ? " step" : " steps");
    return text;
}

/// Which kernel does an operation of a batch, and why, in few words.
template <class Device, class T>
std::string chosen_kernel(const graph::node& n, int batch) {
    using enum graph::opcode;
    switch (n.op) {
        case gemm:
        case gemm_data:
        case gemm_weights:
            if constexpr (requires { Device::library_name; }) return library_text(Device::library_name, n);
            return "tiles" + parts_text(plan_of_product<T>(n, batch));
        case conv2d:
        case conv2d_data:
        case conv2d_weights: {
            if constexpr (requires { Device::convolution_library_name; })
                if (library_convolves<T>(n, batch)) return Device::convolution_library_name;
            const convolution_plan plan = plan_of_convolution<T>(n, batch);
            if (plan.way == convolution_way::direct) return "direct: few channels";
            if (plan.way == convolution_way::deep) return "deep: few weights" + parts_text(plan.product);
            return "gathered tiles" + parts_text(plan.product);
        }
        default:
            return "cuda";
    }
}

}  // namespace weft::cuda_backend
