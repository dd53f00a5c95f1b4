#pragma once

#include "../convolution.hpp"
#include "../execution/elements.hpp"
#include "../execution/stored_as.hpp"
#include "../reduce.hpp"
#include "epilogue.hpp"

namespace weft::cuda_backend {

/// A convolution as libraries see it: conv2d, conv2d_data or conv2d_weights as the graph means them
/// (graph/primitives/convolution.hpp), of tensors without gaps. To the result of conv2d a bias for each
/// filter and a tensor of its own shape may be added, and relu applied, in this order.
struct convolution_problem {
    gradient_of kind = gradient_of::nothing;
    stored_as left = stored_as::absent, right = stored_as::absent, out = stored_as::absent,
              bias = stored_as::absent, residual = stored_as::absent;
    bool relu = false;
    std::int64_t batch = 1;
    conv2d_geometry g = {};
    constexpr bool operator==(const convolution_problem&) const = default;
};
struct convolution_memory {
    const void *left, *right;  ///< the operation's two inputs
    void* out;
    const void *bias, *residual;
};

/// What of a chain a library does: its first `steps` steps, and which of their operands it reads (-1: none).
struct fused_convolution_steps {
    int steps = 0, bias = -1, residual = -1;
    bool relu = false;
    constexpr bool operator==(const fused_convolution_steps&) const = default;
};

/// Chains of conv2d that begin with a bias: (bias), (bias, relu), (bias, residual), (bias, residual, relu).
template <gradient_of Kind, class... Steps>
constexpr fused_convolution_steps fuse_convolution_steps() {
    using enum graph::step_kind;
    using graph::function, graph::operand_mode;
    constexpr graph::step_kind kind[] = {Steps::kind..., none, none, none};
    constexpr function fn[] = {Steps::fn..., function::none, function::none, function::none};
    constexpr operand_mode mode[] = {Steps::mode..., operand_mode::same, operand_mode::same,
                                     operand_mode::same};
    fused_convolution_steps f;
    if (Kind != gradient_of::nothing || kind[0] != add || mode[0] != operand_mode::channel) return f;
    f.bias = 0;
    f.steps = 1;
    if (kind[1] == add && mode[1] == operand_mode::same) f.residual = f.steps++;
    if (kind[f.steps] == apply && fn[f.steps] == function::relu) {
        f.relu = true;
        ++f.steps;
    }
    return f;
}
template <gradient_of Kind, class Chain>
struct fused_convolution_of;
template <gradient_of Kind, class Functions, graph::operand_mode Source, class... Steps>
struct fused_convolution_of<Kind, chain<Functions, Source, Steps...>> {
    static constexpr fused_convolution_steps value = fuse_convolution_steps<Kind, Steps...>();
};

/// Is a library the faster way, as far as sizes alone tell? It is not for few channels or weights, for which
/// there are kernels that fit them. Tensors must be stored alike: no engine of cuDNN's makes gradients that
/// are floats of images in 16 bits.
template <class T, class Convolution>
constexpr bool library_convolves(const graph::node& n, std::int64_t batch) {
    return narrow_of(n.in_types()) == (narrow_of(n.out_types()) & 1 ? 3u : 0u) &&
           plan_of_convolution<T>(n.as<Convolution>(), batch).way == convolution_way::tiles;
}

/// conv2d, conv2d_data and conv2d_weights with what follows, by a library. `Library` has
///     bool measures()                       does it choose by time, and not by library_convolves?
///     bool can(p, memory, device)           is there a way to do it?
///     void convolve(p, memory, device)
///     int fastest(p, device, otherwise, ways...)
///                                           the number of the fastest of ways that leave the same, or
///                                           `otherwise` where it does not measure
template <class Device, class Library, class Convolution, class Chain, class T>
class library_convolutions {
public:
    library_convolutions(const Device& device, Library& library, const graph::node& n, const arguments<T>& a,
                         T* scratch)
        : device_(device), library_(library), n_(n), a_(a), scratch_(scratch) {}

    /// False where own(), weft's kernel, shall do it, or has done it: the library has no way, or a slower
    /// one.
    template <class Own>
    bool run(const Own& own) const {
        const bool by_size = library_convolves<T, Convolution>(n_, a_.batch);
        if (!by_size && !library_.measures()) return false;
        const convolution_problem plain = problem();
        const convolution_memory at{a_.in[0], a_.in[1], a_.out[0], nullptr, nullptr};
        const auto apart = [&] {
            library_.convolve(plain, at, device_);
            if constexpr (gradient_kind<Convolution> == gradient_of::weights)
                sum_bias();
            else
                finish<after<0>>(device_, n_, a_);
        };
        if constexpr (fused.steps > 0) {
            convolution_problem p = plain;
            convolution_memory with = at;
            if (fits(p, with) && library_.can(p, with, device_)) {
                const auto as_one = [&] {
                    library_.convolve(p, with, device_);
                    finish<after<fused.steps>>(device_, n_, without_steps(a_, fused.steps));
                };
                if (library_.can(plain, at, device_)) return done_by(p, by_size, own, as_one, apart);
                return done_by(p, by_size, own, as_one);
            }
        }
        return library_.can(plain, at, device_) && done_by(plain, by_size, own, apart);
    }

private:
    using elements = elements_of<Chain>;
    static constexpr fused_convolution_steps fused =
        fused_convolution_of<gradient_kind<Convolution>, typename elements::plain>::value;
    /// What is left of the chain after some steps.
    template <int Count>
    using after =
        typename elements::template rest<typename rest_of_chain<Count, typename elements::plain>::type,
                                         Count>;

    convolution_problem problem() const {
        convolution_problem p;
        p.kind = gradient_kind<Convolution>;
        p.left = storage_of<typename elements::template in<T, 0>>;
        p.right = storage_of<typename elements::template in<T, 1>>;
        p.out = storage_of<typename elements::template out<T, 0>>;
        p.batch = a_.batch;
        p.g = n_.as<Convolution>().g;
        return p;
    }
    /// Adds the steps that are fused, where a channel is a filter.
    bool fits(convolution_problem& p, convolution_memory& at) const {
        if (n_.view.outer != 1 || n_.view.channels != p.g.filters) return false;
        p.bias = storage_of<typename elements::template operand<T, fused.bias>>;
        at.bias = a_.operand[fused.bias];
        if constexpr (fused.residual >= 0) {
            p.residual = storage_of<typename elements::template operand<T, fused.residual>>;
            at.residual = a_.operand[fused.residual];
        }
        p.relu = fused.relu;
        return true;
    }
    template <class Own, class... Ways>
    bool done_by(const convolution_problem& p, bool by_size, const Own& own, const Ways&... ways) const {
        const int way = library_.fastest(p, device_, by_size ? 1 : 0, own, ways...);
        int number = 0;
        ((++number == way ? ways() : void()), ...);
        return way > 0;
    }
    /// The gradient of the bias: dy summed over samples and pixels.
    void sum_bias() const {
        if (a_.out[1] == nullptr) return;
        const graph::reduce sum{n_.as<graph::conv2d_weights>().bias_view(), int(graph::operand_mode::channel),
                                1};
        const reduction_sizes sizes(sum, a_.batch);
        using in = typename elements::template in<T, 1>;
        using out = typename elements::template out<T, 1>;
        const sum_work<T, in, out> work{input<Chain, 1>(a_), output<Chain, 1>(a_), T(1)};
        if (sizes.runs)
            sum_runs(device_, work, sizes.run, scratch_);
        else
            sum_columns(device_, work, sizes.column, scratch_);
    }

    const Device& device_;
    Library& library_;
    const graph::node& n_;
    const arguments<T>& a_;
    T* scratch_;
};

}  // namespace weft::cuda_backend
