#pragma once

#include "../../../core/math.hpp"
#include "operands.hpp"

namespace weft::cuda_backend {

/// A loss in a kernel's type: mlp's members.
template <mlp_loss Kind, graph::function Fn, std::int32_t Bits, std::int32_t Divisor, bool Soft>
struct loss_type {
    /// Does a prediction's gradient depend on it and its target alone?
    static constexpr bool each_alone = Kind == mlp_loss::difference;

    static constexpr int target_size(int outputs) {
        return Kind == mlp_loss::difference || Soft ? outputs : 1;
    }
    /// What a sample's loss is multiplied with in the mean over the batch.
    template <class T>
    WEFT_DEVICE static T factor(int batch) {
        return T(1) / (T(Divisor) * T(batch));
    }

    /// The loss of a sample, whose Out predictions are `stride` apart in y. They become the derivatives with
    /// respect to the last layer's function's arguments, which are in z where the function needs them.
    template <int Out, class Function, class T, class Z>
    WEFT_DEVICE static T run(T* y, const Z* z, int stride, const T* target, T by) {
        if constexpr (Kind == mlp_loss::difference)
            return difference<Out, Function>(y, z, stride, target, by);
        else
            return cross_entropy<Out, Function>(y, z, stride, target, by);
    }

private:
    template <class Function, class T, class Z>
    WEFT_DEVICE static T slope(T y, const Z* z, int at) {
        if constexpr (Function::from_argument)
            return Function::slope(T(z[at]));
        else
            return Function::slope(y);
    }
    template <int Out, class Function, class T, class Z>
    WEFT_DEVICE static T difference(T* y, const Z* z, int stride, const T* target, T by) {
        using function = mlp_function<Fn, Bits>;
        T sum = T(0);
        for (int k = 0; k < Out; ++k) {
            const T prediction = y[k * stride], x = prediction - target[k], value = function::value(x);
            sum += value;
            y[k * stride] = by * function::slope(function::from_argument ? x : value) *
                            slope<Function>(prediction, z, k * stride);
        }
        return sum;
    }
    template <int Out, class T>
    WEFT_DEVICE static T weight(const T* target, int k) {
        constexpr float smoothing = from_bits(Bits);
        const T hard = Soft ? target[Soft ? k : 0] : k == int(target[0]) ? T(1) : T(0);
        return hard * (T(1) - T(smoothing)) + T(smoothing) / T(Out);
    }
    template <int Out, class Function, class T, class Z>
    WEFT_DEVICE static T cross_entropy(T* y, const Z* z, int stride, const T* target, T by) {
        T max = y[0], sum = T(0), all = T(0), loss = T(0);
        for (int k = 1; k < Out; ++k)
            if (y[k * stride] > max) max = y[k * stride];
        for (int k = 0; k < Out; ++k) {
            sum += math::exp(y[k * stride] - max);
            all += weight<Out>(target, k);
        }
        const T log = math::log(sum);
        for (int k = 0; k < Out; ++k) {
            const T prediction = y[k * stride], log_p = prediction - max - log, w = weight<Out>(target, k);
            if (w != T(0)) loss -= w * log_p;
            y[k * stride] = by * (math::exp(log_p) * all - w) * slope<Function>(prediction, z, k * stride);
        }
        return loss;
    }
};

/// Adds the losses of a tile's samples to those of threads; see loss_type's run. From sample to sample it is
/// `y_step` and `z_step`, from prediction to prediction `stride`.
template <class Loss, class Layers, class Block, class T, class Z>
WEFT_DEVICE void add_losses(const Block& block, T* y, int y_step, const Z* z, int z_step, int stride,
                            const T* target, const mlp_samples<T>& now, T by, per_thread<Block, T>& losses) {
    using function = typename Layers::template at<Layers::depth - 1>::function;
    constexpr int target_size = Loss::target_size(Layers::out);
    for (const int t : block)
        for (int row = t; row < now.valid; row += Block::threads)
            losses[t] += Loss::template run<Layers::out, function>(
                y + row * y_step, z ? z + row * z_step : nullptr, stride,
                target + (now.first + row) * target_size, by);
}

}  // namespace weft::cuda_backend
