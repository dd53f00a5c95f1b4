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
template <class Product>
std::string library_text(const char* library, const graph::node& n) {
    std::string text = library;
    constexpr gradient_of kind = gradient_kind<Product>;
    const bool masked = (kind == gradient_of::nothing ? n.out[1]
                         : kind == gradient_of::data  ? n.in[2]
                                                      : -1) >= 0;
    fused_steps f = fuse_steps(
        {kind, n.steps, n.step_count, narrow_of(n.out_types()), narrow_of(n.operand_types())}, masked);
    if (!f.fits(n, n.as<Product>().out(0).dims.last())) f = {};
    if (kind == gradient_of::weights && n.out[1] >= 0) f.does = epilogue::bias_gradient;
    if (f.does != epilogue::plain) text.append(": ").append(name_of(f.does));
    const int left = n.step_count - f.steps;
    if (left > 0) text += ", then " + std::to_string(left) + (left == 1 ? " step" : " steps");
    return text;
}

/// Which kernel does an operation of a batch, and why, in few words.
template <class Primitive, class Device, class T>
std::string chosen_kernel([[maybe_unused]] const graph::node& n, [[maybe_unused]] int batch) {
    if constexpr (requires(Primitive p) { plan_of_product<T>(p, 1); }) {
        if constexpr (requires { Device::library_name; })
            return library_text<Primitive>(Device::library_name, n);
        else
            return "tiles" + parts_text(plan_of_product<T>(n.as<Primitive>(), batch));
    } else if constexpr (requires(Primitive p) { plan_of_convolution<T>(p, 1); }) {
        if constexpr (requires { Device::convolution_library_name; })
            if (library_convolves<T, Primitive>(n, batch)) return Device::convolution_library_name;
        const convolution_plan plan = plan_of_convolution<T>(n.as<Primitive>(), batch);
        if (plan.way == convolution_way::direct) return "direct: few channels";
        return (plan.way == convolution_way::deep ? "deep: few weights" : "gathered tiles") +
               parts_text(plan.product);
    } else {
        return "cuda";
    }
}

}  // namespace weft::cuda_backend
