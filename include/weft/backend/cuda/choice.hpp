#pragma once

#include <string>

#include "convolution.hpp"
#include "library_convolution.hpp"
#include "products.hpp"

namespace weft::cuda_backend {

inline std::string parts_text(const product_plan& plan) {
    return plan.sizes.splits > 1 ? ", " + std::to_string(plan.sizes.splits) + " parts" : std::string();
}

/// Which kernel does an operation of a batch, and why, in few words.
template <class Device, class T>
std::string chosen_kernel(const graph::node& n, int batch) {
    using enum graph::opcode;
    switch (n.op) {
        case gemm:
        case gemm_data:
        case gemm_weights:
            if constexpr (requires { Device::library_name; }) return Device::library_name;
            return "tiles" + parts_text(plan_of_product<T>(n, batch));
        case conv2d:
        case conv2d_data:
        case conv2d_weights: {
            if constexpr (requires { Device::convolution_library_name; })
                if (library_convolves<T>(n, batch)) return Device::convolution_library_name;
            const convolution_plan plan = plan_of_convolution<T>(n, batch);
            if (plan.way == convolution_way::direct) return "direct: few channels";
            if (plan.way == convolution_way::narrow) return "narrow: few weights" + parts_text(plan.product);
            return "gathered tiles" + parts_text(plan.product);
        }
        default:
            return "cuda";
    }
}

}  // namespace weft::cuda_backend
