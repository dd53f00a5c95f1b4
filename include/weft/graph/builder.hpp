#pragma once

#include "../core/broadcast.hpp"
#include "../core/geometry.hpp"
#include "../core/real.hpp"
#include "../core/unreachable.hpp"
#include "../lang/expression.hpp"
#include "../lang/layers/activation.hpp"
#include "../lang/options.hpp"
#include "parameters.hpp"
#include "record.hpp"

namespace weft::graph {

/// What a layer lowers to: a result of the builder's operations, seen with a shape.
struct tensor {
    int id = -1;
    extents dims;
};

template <class... F>
struct function_list {};

/// Emits primitives. This is the vocabulary of a layer's `lower`: shapes in, tensors out.
template <class Functions, int N, int V, int P>
struct builder : name_path {
    using value = tensor;
    static constexpr step_kind add_step = step_kind::add, multiply_step = step_kind::multiply;

    graph<N, V> g;
    std::array<parameter_record, P> parameters{};
    int parameter_count = 0, parameter_size = 0, state_size = 0, constant_size = 0;
    bool training = false;
    int layer = 0;
    int dropout_streams = 0;

    // ---- leaves -----------------------------------------------------------------------------------------
    constexpr tensor input(extents dims) {
        return {g.add_value({.where = storage::input, .size = dims.size()}), dims};
    }
    constexpr tensor target(extents dims) {
        return {g.add_value({.where = storage::target, .size = dims.size()}), dims};
    }
    /// Numbers that the loss fills in at run time (class weights).
    constexpr tensor constant(extents dims) {
        const int offset = constant_size;
        constant_size += dims.size();
        return {g.add_value(
                    {.where = storage::constant, .batched = false, .size = dims.size(), .offset = offset}),
                dims};
    }
    constexpr tensor parameter(const char* name, extents dims, initializer init) {
        return declare(name, dims, init, false, parameter_size);
    }
    /// A running statistic: saved with the parameters, not trained.
    constexpr tensor state(const char* name, extents dims, float initial) {
        return declare(name, dims, {.constant = initial}, true, state_size);
    }

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
        return unary(function::custom, x, 0, index_of<F>(Functions{}));
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
    /// y has one number for each index of x's `axis`.
    constexpr tensor along(step_kind kind, tensor x, tensor y, int axis) {
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
    constexpr tensor reshape(tensor x, extents dims) { return {x.id, dims}; }
    constexpr tensor concat(const tensor* parts, int count) {
        extents dims = parts[0].dims;
        node n = make_node(opcode::concat);
        dims.at[0] = 0;
        for (int i = 0; i < count; ++i) {
            n.in[i] = std::int16_t(parts[i].id);
            n.attribute[i] = parts[i].dims.size();
            dims.at[0] += parts[i].dims[0];
        }
        n.attribute[max_inputs] = count;
        return emit(n, dims);
    }

    // ---- products ---------------------------------------------------------------------------------------
    /// x[…, k] times w[n, k], transposed.
    constexpr tensor dense(tensor x, tensor w) {
        extents dims = x.dims;
        dims.at[dims.rank - 1] = w.dims[0];
        node n = make_node(opcode::gemm, x.id, w.id);
        n.attribute[0] = x.dims.size() / x.dims.last();
        n.attribute[1] = w.dims[0];
        n.attribute[2] = w.dims[1];
        return emit(n, dims);
    }
    constexpr tensor conv2d(tensor x, tensor w, const conv2d_geometry& c) {
        node n = make_node(opcode::conv2d, x.id, w.id);
        const int a[] = {c.channels,   c.height,     c.width,    c.filters,   c.kernel_h,
                         c.kernel_w,   c.stride_h,   c.stride_w, c.padding_h, c.padding_w,
                         c.dilation_h, c.dilation_w, c.groups};
        for (int i = 0; i < 13; ++i) n.attribute[i] = a[i];
        return emit(n, {c.filters, c.out_h(), c.out_w()});
    }

    // ---- windows ----------------------------------------------------------------------------------------
    constexpr tensor max_pool2d(tensor x, const conv2d_geometry& c) {
        return window(opcode::max_pool2d, x, c, 0);
    }
    constexpr tensor avg_pool2d(tensor x, const conv2d_geometry& c, bool count_padding) {
        return window(opcode::avg_pool2d, x, c, count_padding);
    }
    constexpr tensor upsample2d(tensor x, int by_h, int by_w) {
        node n = make_node(opcode::upsample2d, x.id);
        const int a[] = {x.dims[0], x.dims[1], x.dims[2], by_h, by_w};
        for (int i = 0; i < 5; ++i) n.attribute[i] = a[i];
        return emit(n, {x.dims[0], x.dims[1] * by_h, x.dims[2] * by_w});
    }

    // ---- reductions and normalisation -------------------------------------------------------------------
    /// [channels, …] to [channels]: the mean of each channel.
    constexpr tensor channel_mean(tensor x) {
        const int inner = x.dims.size() / x.dims[0];
        return reduce(x, {1, x.dims[0], inner}, operand_mode::sample_channel, 1.f / float(inner), false,
                      extents(x.dims[0]));
    }
    /// The mean over the batch and all elements of a sample: one number.
    constexpr tensor mean(tensor x) {
        return reduce(x, {1, 1, x.dims.size()}, operand_mode::scalar, 1.f / float(x.dims.size()), true,
                      extents(1));
    }
    /// The sum over the batch and all elements of a sample: one number.
    constexpr tensor sum(tensor x) {
        return reduce(x, {1, 1, x.dims.size()}, operand_mode::scalar, 1, false, extents(1));
    }
    constexpr tensor softmax(tensor x, int axis) { return along_axis(opcode::softmax, x, axis); }
    constexpr tensor log_softmax(tensor x, int axis) { return along_axis(opcode::log_softmax, x, axis); }
    /// Over the last axis, without scale and shift.
    constexpr tensor layer_norm(tensor x, int normalized, float epsilon) {
        const int rows = x.dims.size() / normalized;
        node n = make_node(opcode::layer_norm, x.id);
        n.attribute[0] = rows;
        n.attribute[1] = normalized;
        n.attribute[2] = to_bits(epsilon);
        n.out[1] = std::int16_t(g.add_value({.size = rows}));
        return emit(n, x.dims);
    }
    /// Over the batch and all but the first axis (PyTorch's BatchNorm1d and 2d).
    constexpr tensor batch_norm(tensor x, tensor gamma, tensor beta, tensor mean, tensor variance,
                                float epsilon, float momentum) {
        node n = make_node(opcode::batch_norm, x.id, gamma.id, beta.id, mean.id, variance.id);
        n.view = {1, x.dims[0], x.dims.size() / x.dims[0]};
        n.attribute[0] = n.view.channels;
        n.attribute[1] = n.view.inner;
        n.attribute[2] = to_bits(epsilon);
        n.attribute[3] = to_bits(momentum);
        n.attribute[4] = training;
        if (training)
            for (int i = 1; i < 5; ++i) n.out[i] = fixed_value(n.view.channels);
        return emit(n, x.dims, n.view);
    }
    /// Per sample: minus the log-probability of the target, and the target's weight. `target` holds one
    /// label, or one probability for each class; `weights` (id -1 if none) one number for each class.
    constexpr tensor pick_nll(tensor log_probabilities, tensor target, tensor weights, float smoothing,
                              tensor* weight_out) {
        const int classes = log_probabilities.dims.size();
        node n = make_node(opcode::pick_nll, log_probabilities.id, target.id, weights.id);
        n.attribute[0] = classes;
        n.attribute[1] = target.dims.size();
        n.attribute[2] = to_bits(smoothing);
        n.attribute[3] = weights.id >= 0;
        n.out[1] = std::int16_t(g.add_value({.size = 1}));
        *weight_out = {n.out[1], extents(1)};
        return emit(n, extents(1));
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
    /// A named layer: its single layer's parameters come directly under the name.
    template <class... Layers>
    constexpr tensor lower_named(block<Layers...> body, tensor x) {
        if constexpr (sizeof...(Layers) == 1)
            return (lower_one<Layers>(*this, x), ...);
        else
            return lower(body, x);
    }

    // ---- for passes -------------------------------------------------------------------------------------
    constexpr std::int16_t fixed_value(int size) {
        return std::int16_t(g.add_value({.batched = false, .size = size}));
    }
    constexpr tensor emit(node n, extents dims, blocking view = {}) {
        if (n.op != opcode::elementwise && n.op != opcode::reduce)
            for (int k = 0; k < (n.op == opcode::concat ? max_inputs : 1); ++k)
                if (n.in[k] >= 0 && !g.values[n.in[k]].batched)
                    weft::detail::stop_compilation("weft: this operation needs a value per sample");
        n.layer = std::int16_t(layer);
        n.view = view.size() == dims.size() ? view : blocking{1, 1, dims.size()};
        n.out[0] = std::int16_t(g.add_value({.size = dims.size()}));
        g.add_node(n);
        return {n.out[0], dims};
    }

private:
    // clang-format 14 takes a requires expression in an initialiser for a function, and the rest of the class
    // with it.
    // clang-format off
    template <class L>
    static constexpr bool has_name = requires { L::name(); };
    // clang-format on

    template <class... Layers>
    constexpr tensor lower_layers(block<Layers...>, tensor x, bool numbered) {
        using lowering = tensor (*)(builder&, tensor);
        constexpr lowering each[] = {&lower_one<Layers>..., nullptr};
        constexpr const char* names[] = {name_of<Layers>()..., nullptr};
        // A flag beside each name: under sanitizers g++ will not compare a pointer with null while compiling.
        constexpr bool named[] = {has_name<Layers>..., false};
        for (int i = 0; i < int(sizeof...(Layers)); ++i) {
            const int before = named[i] ? enter(names[i]) : enter(i);
            if (numbered) layer = i + 1;
            x = each[i](*this, x);
            leave(before);
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
    static constexpr int index_of(function_list<Fs...>) {
        const bool match[] = {std::is_same_v<F, Fs>..., false};
        for (int i = 0; i < int(sizeof...(Fs)); ++i)
            if (match[i]) return i;
        weft::detail::stop_compilation(
            "weft: a layer or loss uses a function that its `functions` does not list");
    }

    static constexpr blocking plain(tensor x) { return {1, 1, x.dims.size()}; }

    constexpr tensor with_step(tensor x, step s, blocking view) {
        node n = make_node(opcode::elementwise, x.id);
        n.add_step(s);
        const bool batched = g.values[x.id].batched;
        tensor result = emit(n, x.dims, view);
        g.nodes[g.node_count - 1].view = view;
        g.values[result.id].batched = batched;
        g.nodes[g.node_count - 1].attribute[0] = !batched;
        return result;
    }
    /// x op y, where y may broadcast to x (its missing or unit sizes repeat); x may broadcast if the step
    /// commutes.
    constexpr tensor binary(step_kind kind, tensor x, tensor y) {
        const bool commutes = kind == step_kind::add || kind == step_kind::multiply;
        const bool only_y_per_sample = !g.values[x.id].batched && g.values[y.id].batched;
        if (commutes &&
            (x.dims.size() < y.dims.size() || (only_y_per_sample && x.dims.size() == y.dims.size()))) {
            const tensor t = x;
            x = y;
            y = t;
        }
        const bool per_sample = g.values[y.id].batched;
        if (per_sample && !g.values[x.id].batched)
            weft::detail::stop_compilation("weft: the larger or first operand must be a value per sample");
        const broadcasting how = broadcast(x.dims, y.dims, per_sample);
        if (!how.possible) weft::detail::stop_compilation("weft: these shapes do not broadcast");
        const blocking view{how.outer, how.channels, how.inner};
        return with_step(x,
                         {.kind = kind,
                          .mode = mode_of(how.varies, per_sample, g.values[x.id].batched),
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
    constexpr tensor declare(const char* name, extents dims, initializer init, bool is_state, int& size) {
        parameter_record& p = parameters[parameter_count++];
        write_name(name, p);
        if (dims.size() > 2147483647 - size)
            weft::detail::stop_compilation("weft: a network holds at most 2^31 - 1 parameters");
        p.dims = dims;
        p.init = init;
        p.is_state = is_state;
        p.offset = size;
        p.layer = layer;
        p.value = g.add_value({.where = is_state ? storage::state : storage::parameter,
                               .batched = false,
                               .size = dims.size(),
                               .offset = size});
        size += dims.size();
        return {p.value, dims};
    }
    constexpr tensor window(opcode op, tensor x, const conv2d_geometry& c, int extra) {
        node n = make_node(op, x.id);
        const int a[] = {c.channels, c.height,    c.width,     c.kernel_h, c.kernel_w, c.stride_h,
                         c.stride_w, c.padding_h, c.padding_w, extra,      c.out_h(),  c.out_w()};
        for (int i = 0; i < 12; ++i) n.attribute[i] = a[i];
        return emit(n, {c.channels, c.out_h(), c.out_w()});
    }
    constexpr tensor along_axis(opcode op, tensor x, int axis) {
        node n = make_node(op, x.id);
        n.attribute[0] = x.dims.product(0, axis);
        n.attribute[1] = x.dims[axis];
        n.attribute[2] = x.dims.product(axis + 1, x.dims.rank);
        return emit(n, x.dims);
    }
    constexpr tensor reduce(tensor x, blocking view, operand_mode mode, float factor, bool per_batch,
                            extents dims) {
        node n = make_node(opcode::reduce, x.id);
        const bool shared = !g.values[x.id].batched;
        set_reduce(n, view, mode, to_bits(factor), per_batch, shared);
        tensor result = emit(n, dims);
        g.values[result.id].batched = is_per_sample(mode) && !shared;
        return result;
    }
};

}  // namespace weft::graph
