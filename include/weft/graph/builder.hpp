#pragma once

#include "../core/broadcast.hpp"
#include "../lang/expression.hpp"
#include "../lang/layers/activation.hpp"
#include "../lang/options.hpp"
#include "emitter.hpp"

namespace weft::graph {

/// Emits primitives. This is the vocabulary of a layer's `lower`: shapes in, tensors out (and those of
/// emitter.hpp: inputs, parameters, and `emit` for any primitive).
template <class Own, int N, int V, int P>
struct builder : emitter<Own, N, V, P> {
    using base = emitter<Own, N, V, P>;
    using base::emit, base::fail, base::enter, base::leave;
    using base::g, base::training, base::layer, base::wrong;
    using value = tensor;
    int dropout_streams = 0;
    static constexpr step_kind add_step = step_kind::add, subtract_step = step_kind::subtract,
                               multiply_step = step_kind::multiply, divide_step = step_kind::divide;
    bool summing = false;  ///< is what is lowered a loss that sums where it would take a mean?

    // ---- elementwise ------------------------------------------------------------------------------------
    constexpr tensor unary(function fn, tensor x, float p = 0, std::int32_t index = 0) {
        return with_step(x, {.kind = step_kind::apply, .fn = fn, .bits = {to_bits(p), index}}, plain(x));
    }
    constexpr tensor activation(activation_kind kind, tensor x, float p) {
        return unary(function(int(function::relu) + int(kind)), x, p);
    }
    /// PyTorch draws biases as it draws weights by default; every other scheme starts them at zero.
    static constexpr init_kind bias_init(init_kind weights) {
        return weights == init_kind::torch_default ? weights : init_kind::zeros;
    }
    /// A user's own function of one number; `F` is listed in the layer's `functions`.
    template <class F>
    constexpr tensor custom(tensor x) {
        if constexpr (!weft::detail::HasValueAndSlope<F>)
            if (training) return fail({.kind = mistake_kind::no_slope}, x);
        return unary(function::custom, x, 0, index_of<F>(Own{}));
    }
    constexpr tensor scale(tensor x, float by) {
        return with_step(x, {.kind = step_kind::scale, .bits = {to_bits(by), 0}}, plain(x));
    }
    constexpr tensor offset(tensor x, float by) {
        return with_step(x, {.kind = step_kind::offset, .bits = {to_bits(by), 0}}, plain(x));
    }
    constexpr tensor add(tensor x, tensor y) { return binary(step_kind::add, x, y); }
    constexpr tensor subtract(tensor x, tensor y) { return binary(step_kind::subtract, x, y); }
    constexpr tensor multiply(tensor x, tensor y) { return binary(step_kind::multiply, x, y); }
    constexpr tensor divide(tensor x, tensor y) { return binary(step_kind::divide, x, y); }
    /// y has one number for each index of x's `axis`, the same for all samples.
    constexpr tensor along(step_kind kind, tensor x, tensor y, int axis) {
        if (axis < 0 || axis >= x.dims.rank)
            return fail({.kind = mistake_kind::axis, .wanted = extents(axis + 1), .got = x.dims}, x);
        if (y.dims.size() != x.dims[axis] || y.id < 0)
            return fail({.kind = mistake_kind::size, .wanted = extents(x.dims[axis]), .got = y.dims}, x);
        if (is_batched(y)) return fail({.kind = mistake_kind::per_sample, .got = y.dims}, x);
        const blocking view{x.dims.product(0, axis), x.dims[axis], x.dims.product(axis + 1, x.dims.rank)};
        return with_step(x, {.kind = kind, .mode = operand_mode::channel, .operand = std::int16_t(y.id)},
                         view);
    }
    /// While training: zeroes each number with probability `rate` and scales the others by 1 / (1 - rate).
    constexpr tensor dropout(tensor x, float rate) {
        if (!training || rate == 0) return x;
        return with_step(x, {.kind = step_kind::dropout, .bits = {to_bits(rate), dropout_streams++}},
                         plain(x));
    }

    // ---- shapes -----------------------------------------------------------------------------------------
    constexpr tensor reshape(tensor x, extents dims) {
        if (dims.size() != x.dims.size())
            return fail({.kind = mistake_kind::size, .wanted = extents(x.dims.size()), .got = dims},
                        {x.id, dims});
        return {x.id, dims};
    }
    /// Along the first axis.
    constexpr tensor concat(const tensor* parts, int count) {
        if (count < 1 || count > max_inputs)
            return fail({.kind = mistake_kind::parts, .wanted = extents(max_inputs), .got = extents(count)},
                        parts[0]);
        extents dims = parts[0].dims;
        weft::graph::concat joined{};
        joined.parts = count;
        dims.at[0] = 0;
        for (int i = 0; i < count; ++i) {
            joined.sizes[i] = parts[i].dims.size();
            dims.at[0] += parts[i].dims[0];
        }
        return reshape(emit_all(joined, parts, count, {}), dims);
    }
    /// `size` elements of a sample from `offset` on, as [size].
    constexpr tensor slice(tensor x, int offset, int size) {
        if (offset < 0 || size < 1 || size > x.dims.size() - offset)
            return fail({.kind = mistake_kind::size, .wanted = extents(offset + size), .got = x.dims},
                        {x.id, extents(size)});
        return emit(weft::graph::slice{x.dims.size(), offset, size}, x);
    }

    // ---- products ---------------------------------------------------------------------------------------
    /// x[…, k] times w[n, k], transposed.
    constexpr tensor dense(tensor x, tensor w) {
        if (x.dims.rank < 1 || w.dims.rank != 2 || x.dims.last() != w.dims[1])
            return fail({mistake_kind::input, 0, opcode_of<gemm>, 1, {w.dims[0], x.dims.last()}, w.dims}, x);
        extents dims = x.dims;
        dims.at[dims.rank - 1] = w.dims[0];
        return reshape(emit(gemm{{x.dims.size() / x.dims.last(), w.dims[0], w.dims[1]}}, x, w), dims);
    }
    constexpr tensor conv2d(tensor x, tensor w, const conv2d_geometry& c) {
        return emit(weft::graph::conv2d{{c}}, x, w);
    }

    // ---- windows ----------------------------------------------------------------------------------------
    constexpr tensor max_pool2d(tensor x, const conv2d_geometry& c) {
        return emit(weft::graph::max_pool2d{{window_of(c, false)}}, x);
    }
    constexpr tensor avg_pool2d(tensor x, const conv2d_geometry& c, bool count_padding) {
        return emit(weft::graph::avg_pool2d{{window_of(c, count_padding)}}, x);
    }
    constexpr tensor upsample2d(tensor x, int by_h, int by_w) {
        return emit(weft::graph::upsample2d{{x.dims[0], x.dims[1], x.dims[2], by_h, by_w}}, x);
    }

    // ---- reductions and normalisation -------------------------------------------------------------------
    /// [channels, …] to [channels]: the mean of each channel.
    constexpr tensor channel_mean(tensor x) {
        const int inner = x.dims.size() / x.dims[0];
        return reduced(x, {1, x.dims[0], inner}, operand_mode::sample_channel, inner, false);
    }
    /// [channels, …] to [channels]: the sum of each channel.
    constexpr tensor channel_sum(tensor x) {
        const int inner = x.dims.size() / x.dims[0];
        return reduced(x, {1, x.dims[0], inner}, operand_mode::sample_channel, 1, false);
    }
    /// The mean over the batch and all elements of a sample: one number. (Of a `summed` loss the sum.)
    constexpr tensor mean(tensor x) {
        if (summing) return sum(x);
        return reduced(x, {1, 1, x.dims.size()}, operand_mode::scalar, x.dims.size(), true);
    }
    /// The mean over the batch of the sums over a sample's elements: one number. (Of a `summed` loss the
    /// sum.)
    constexpr tensor batch_mean(tensor x) {
        if (summing) return sum(x);
        return reduced(x, {1, 1, x.dims.size()}, operand_mode::scalar, 1, true);
    }
    /// The mean of numbers that weigh so much: one number. (Of a `summed` loss the sum.)
    constexpr tensor weighted_mean(tensor x, tensor weight) {
        return summing ? sum(x) : divide(sum(x), sum(weight));
    }
    /// The sum over the batch and all elements of a sample: one number.
    constexpr tensor sum(tensor x) {
        return reduced(x, {1, 1, x.dims.size()}, operand_mode::scalar, 1, false);
    }
    constexpr tensor softmax(tensor x, int axis) { return along_axis<weft::graph::softmax>(x, axis); }
    constexpr tensor log_softmax(tensor x, int axis) { return along_axis<weft::graph::log_softmax>(x, axis); }
    /// Over the last axis, without scale and shift.
    constexpr tensor layer_norm(tensor x, int normalized, float epsilon) {
        const int rows = x.dims.size() / normalized;
        return reshape(emit(weft::graph::layer_norm{{rows, normalized, epsilon}}, x), x.dims);
    }
    /// Over the batch and all but the first axis (PyTorch's BatchNorm1d and 2d).
    constexpr tensor batch_norm(tensor x, tensor gamma, tensor beta, tensor mean, tensor variance,
                                float epsilon, float momentum) {
        const weft::graph::batch_norm p{{x.dims[0], x.dims.size() / x.dims[0], epsilon, momentum, training}};
        const tensor inputs[] = {x, gamma, beta, mean, variance};
        return reshape(emit_all(p, inputs, 5, p.view()), x.dims);
    }
    /// Per sample: minus the log-probability of the target, and the target's weight. `target` holds one
    /// label, or one probability for each class; `weights` (id -1 if none) one number for each class.
    constexpr tensor pick_nll(tensor log_probabilities, tensor target, tensor weights, float smoothing,
                              tensor* weight_out) {
        const tensor loss = emit(weft::graph::pick_nll{{log_probabilities.dims.size(), target.dims.size(),
                                                        smoothing, weights.id >= 0}},
                                 log_probabilities, target, weights);
        *weight_out = {wrong ? 0 : g.nodes[g.node_count - 1].out[1], extents(1)};
        return loss;
    }

    // ---- composites -------------------------------------------------------------------------------------
    template <class... Layers>
    constexpr tensor lower(block<Layers...> body, tensor x) {
        return lower_layers(body, x, false);
    }
    /// A single layer, with its parameters directly under the present name.
    template <Layer L>
    constexpr tensor lower(L, tensor x) {
        return lower_one<L>(*this, x);
    }
    /// The layers of a whole network: as `lower`, and numbered for messages and tables.
    template <class... Layers>
    constexpr tensor lower_network(block<Layers...> body, tensor x) {
        return lower_layers(body, x, true);
    }
    /// A named layer: its single layer's parameters come directly under the name, unless that has one too.
    template <class... Layers>
    constexpr tensor lower_named(block<Layers...> body, tensor x) {
        if constexpr (sizeof...(Layers) == 1 && !(has_name<Layers> || ...))
            return (lower_one<Layers>(*this, x), ...);
        else
            return lower(body, x);
    }

    template <class Loss>
    constexpr tensor lower_loss(tensor prediction) {
        layer = 0;
        const int first = g.node_count;
        const tensor loss = Loss::lower(*this, prediction);
        operations_of_layer(g.node_count - first, Loss::primitives);
        if (loss.dims.size() != 1)
            return fail({.kind = mistake_kind::promised_shape, .wanted = extents(1), .got = loss.dims},
                        {0, extents(1)});
        return loss;
    }

private:
    using base::is_batched, base::with_step, base::emit_all, base::operations_of_layer;

    // clang-format 14 takes a requires expression in an initialiser for a function, and the rest of the class
    // with it.
    // clang-format off
    template <class L>
    static constexpr bool has_name = requires { L::name(); };
    // clang-format on

    template <class... Layers>
    constexpr tensor lower_layers(block<Layers...>, tensor x, bool numbered) {
        using lowering = tensor (*)(builder&, tensor);
        using rule = shaped (*)(extents);
        constexpr lowering each[] = {&lower_one<Layers>..., nullptr};
        constexpr rule rules[] = {&Layers::output..., nullptr};
        constexpr int most[] = {weft::detail::primitives_of<Layers>()..., 0};
        constexpr const char* names[] = {name_of<Layers>()..., nullptr};
        // A flag beside each name: under sanitizers g++ will not compare a pointer with null while compiling.
        constexpr bool named[] = {has_name<Layers>..., false};
        for (int i = 0; i < int(sizeof...(Layers)); ++i) {
            const int before = named[i] ? enter(names[i]) : enter(i);
            if (numbered) layer = i + 1;
            const extents promised = rules[i](x.dims).out;
            const int first = g.node_count;
            x = each[i](*this, x);
            leave(before);
            if (numbered) operations_of_layer(g.node_count - first, most[i]);
            if (!(x.dims == promised))
                x = fail({.kind = mistake_kind::promised_shape, .wanted = promised, .got = x.dims},
                         {0, promised});
        }
        return x;
    }
    template <class L>
    static constexpr tensor lower_one(builder& b, tensor x) {
        return L::lower(b, x);
    }
    template <class L>
    static constexpr const char* name_of() {
        if constexpr (has_name<L>)
            return L::name();
        else
            return nullptr;
    }
    template <class F, class... Fs>
    constexpr int index_of(primitive_list<Fs...>) {
        const bool match[] = {std::is_same_v<F, Fs>..., false};
        for (int i = 0; i < int(sizeof...(Fs)); ++i)
            if (match[i]) return i;
        fail({.kind = mistake_kind::unlisted_function}, {});
        return 0;
    }

    static constexpr blocking plain(tensor x) { return {1, 1, x.dims.size()}; }
    /// x op y, where y may broadcast to x (its missing or unit sizes repeat); x may broadcast if the step
    /// commutes.
    constexpr tensor binary(step_kind kind, tensor x, tensor y) {
        const bool commutes = kind == step_kind::add || kind == step_kind::multiply;
        if (wrong || x.id < 0 || y.id < 0) return {0, x.dims};
        const bool only_y_per_sample = !is_batched(x) && is_batched(y);
        if (commutes &&
            (x.dims.size() < y.dims.size() || (only_y_per_sample && x.dims.size() == y.dims.size()))) {
            const tensor t = x;
            x = y;
            y = t;
        }
        const bool per_sample = is_batched(y);
        if (per_sample && !is_batched(x)) return fail({.kind = mistake_kind::per_sample, .got = y.dims}, x);
        const broadcasting how = broadcast(x.dims, y.dims, per_sample);
        if (!how.possible) return fail({.kind = mistake_kind::broadcast, .wanted = x.dims, .got = y.dims}, x);
        const blocking view{how.outer, how.channels, how.inner};
        return with_step(x,
                         {.kind = kind,
                          .mode = mode_of(how.varies, per_sample, is_batched(x)),
                          .operand = std::int16_t(y.id)},
                         view);
    }
    static constexpr operand_mode mode_of(broadcast_pattern varies, bool per_sample, bool x_per_sample) {
        using enum broadcast_pattern;
        switch (varies) {
            case all:
                return per_sample == x_per_sample ? operand_mode::same : operand_mode::fixed;
            case middle:
                return per_sample ? operand_mode::sample_channel : operand_mode::channel;
            case suffix:
                return per_sample ? operand_mode::sample_inner : operand_mode::inner;
            default:
                return per_sample ? operand_mode::sample_scalar : operand_mode::scalar;
        }
    }
    static constexpr pool_geometry window_of(const conv2d_geometry& c, bool count_padding) {
        return {c.channels, c.height,    c.width,     c.kernel_h,    c.kernel_w, c.stride_h,
                c.stride_w, c.padding_h, c.padding_w, count_padding, c.out_h(),  c.out_w()};
    }
    template <class Primitive>
    constexpr tensor along_axis(tensor x, int axis) {
        if (axis < 0 || axis >= x.dims.rank)
            return fail({.kind = mistake_kind::axis, .wanted = extents(axis + 1), .got = x.dims}, x);
        const Primitive p{{{x.dims.product(0, axis), x.dims[axis], x.dims.product(axis + 1, x.dims.rank)}}};
        return reshape(emit(p, x), x.dims);
    }
    constexpr tensor reduced(tensor x, blocking view, operand_mode mode, int divisor, bool per_batch) {
        if (wrong || x.id < 0) return {0, extents(operand_size(mode, view))};
        const bool once = !is_batched(x);
        return emit(weft::graph::reduce{view, int(mode), divisor, per_batch && !once, once}, x);
    }
};

}  // namespace weft::graph
