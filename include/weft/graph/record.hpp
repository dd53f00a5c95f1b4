#pragma once

#include <array>
#include <cstdint>

#include "../core/extents.hpp"
#include "../core/unreachable.hpp"

/// The graph as a value: small structural records that constexpr functions rewrite.
namespace weft::graph {

/// The primitive operations. Shapes are per sample; "rows" are rows per sample.
enum class opcode : std::uint8_t {
    none,
    elementwise,       ///< in: source; the steps do the work
    gemm,              ///< in: x[rows, k], w[n, k]; out: x w^T [rows, n] (, relu's mask: see relu_mask.hpp)
    gemm_data,         ///< in: dy[rows, n], w[n, k] (, relu's mask); out: dy w [rows, k]
    gemm_weights,      ///< in: x[rows, k], dy[rows, n]; out: dw[n, k] (and db[n])
    conv2d,            ///< in: x, w; out: y
    conv2d_data,       ///< in: dy, w; out: dx
    conv2d_weights,    ///< in: x, dy; out: dw (and db)
    max_pool2d,        ///< in: x; out: y
    max_pool2d_grad,   ///< in: dy, x; out: dx (the first maximum of a window takes its gradient)
    avg_pool2d,        ///< in: x; out: y
    avg_pool2d_grad,   ///< in: dy; out: dx
    upsample2d,        ///< in: x; out: y (nearest)
    upsample2d_grad,   ///< in: dy; out: dx
    reduce,            ///< in: x; out: the sum over all that the mode leaves out, times a factor
    softmax,           ///< in: x; out: y
    softmax_grad,      ///< in: dy, y; out: dx
    log_softmax,       ///< in: x; out: y
    log_softmax_grad,  ///< in: dy, y; out: dx
    layer_norm,        ///< in: x; out: x normalised per row, 1 / deviation per row
    layer_norm_grad,   ///< in: dy, normalised, 1 / deviation; out: dx
    batch_norm,       ///< in: x, gamma, beta, running mean, running variance; out: y (expanded before fusion)
    batch_norm_grad,  ///< in: dy, x, gamma, mean, 1 / deviation; out: dx, dgamma, dbeta (expanded)
    batch_norm_stats,   ///< in: x, gamma, beta, running mean and variance (updated); out: scale, shift, mean,
                        ///< 1 / dev.
    batch_norm_coeffs,  ///< in: gamma, beta, running mean, running variance; out: scale, shift
    batch_norm_sums,  ///< in: dy, x, gamma, mean, 1 / deviation; out: dgamma, dbeta, and a, b, d of dx = a (b
                      ///< x + d + dy)
    concat,           ///< in: parts; out: the parts, one after the other
    slice,            ///< in: x; out: a run of elements of x
    pick_nll,  ///< in: log-probabilities [n], label [1] or soft targets [n] (, class weights [n]); out: loss,
               ///< weight
    pick_nll_grad,  ///< in: dloss, label or targets (, class weights); out: gradient of the log-probabilities
    softmax_xent,   ///< in: logits, label or targets (, class weights); out: loss, weight, probabilities
    softmax_xent_grad  ///< in: dloss, probabilities, label or targets (, class weights); out: gradient of the
                       ///< logits
};

/// The functions of one number that a step can apply. Parameters come as the bits of floats.
enum class function : std::uint8_t {
    none,
    relu,
    leaky_relu,  ///< slope
    elu,         ///< alpha
    selu,
    gelu,
    gelu_tanh,
    silu,
    mish,
    hard_swish,
    sigmoid,
    tanh,
    softplus,
    exp,
    log,
    square,
    sqrt,
    abs,
    huber,  ///< delta
    custom  ///< a user's own: the step's bits[1] numbers it in the network's list
};

enum class step_kind : std::uint8_t {
    none,
    apply,          ///< a = f(a)
    slope_from_y,   ///< a = a * f'(·), computed from f's result, the operand
    slope_from_x,   ///< a = a * f'(·), computed from f's argument, the operand
    add,            ///< a = a + operand
    subtract,       ///< a = a - operand
    subtract_from,  ///< a = operand - a
    multiply,       ///< a = a * operand
    divide,         ///< a = a / operand
    scale,          ///< a = a * constant
    offset,         ///< a = a + constant
    fill,           ///< a = constant
    per_batch,      ///< a = a * constant / batch size
    dropout,        ///< a = a * mask / (1 - rate); bits: rate, stream
    store           ///< writes a to the operand and goes on
};

/// How an operand of [outer, channels, inner] per sample is indexed.
enum class operand_mode : std::uint8_t {
    same,            ///< element by element, per sample
    channel,         ///< [channels], the same for all samples
    sample_channel,  ///< [channels], per sample; outer is 1
    sample_inner,    ///< [inner], per sample; outer is 1
    inner,           ///< [inner], the same for all samples
    fixed,           ///< every element, the same for all samples
    sample_scalar,   ///< one number per sample
    scalar           ///< one number
};

constexpr bool is_per_sample(operand_mode mode) {
    return mode == operand_mode::same || mode == operand_mode::sample_channel ||
           mode == operand_mode::sample_inner || mode == operand_mode::sample_scalar;
}

/// How an elementwise operation sees a sample.
struct blocking {
    int outer = 1, channels = 1, inner = 1;
    constexpr int size() const { return outer * channels * inner; }
    constexpr bool operator==(const blocking&) const = default;
};

/// The number of elements per sample (or in all) of an operand with `mode`.
constexpr int operand_size(operand_mode mode, blocking b) {
    switch (mode) {
        case operand_mode::same:
        case operand_mode::fixed:
            return b.size();
        case operand_mode::channel:
        case operand_mode::sample_channel:
            return b.channels;
        case operand_mode::sample_inner:
        case operand_mode::inner:
            return b.inner;
        default:
            return 1;
    }
}

struct step {
    step_kind kind = step_kind::none;
    function fn = function::none;
    operand_mode mode = operand_mode::same;
    std::int16_t operand = -1;  ///< a value
    std::int32_t bits[2] = {0, 0};
};

inline constexpr int max_inputs = 8, max_outputs = 5, max_attributes = 13, max_steps = 10;

/// One operation. After its own work, the steps run over out[0], element by element.
struct node {
    opcode op = opcode::none;
    std::uint8_t step_count = 0;
    operand_mode source_mode = operand_mode::same;  ///< how an elementwise node reads in[0]
    std::uint8_t narrow_in = 0, narrow_out = 0;     ///< bit k: in[k] (out[k]) is narrow
    std::int16_t layer = 0;                         ///< the layer it comes from, from 1
    std::int16_t in[max_inputs] = {-1, -1, -1, -1, -1, -1, -1, -1};
    std::int16_t out[max_outputs] = {-1, -1, -1, -1, -1};
    std::int32_t attribute[max_attributes] = {};
    std::uint16_t narrow_operands = 0;  ///< bit k: the operand of step k is narrow
    blocking view = {};                 ///< how the steps see out[0]
    step steps[max_steps] = {};

    constexpr bool add_step(step s) {
        if (step_count == max_steps) return false;
        steps[step_count++] = s;
        return true;
    }
};

/// An operation that reads these values; its outputs are set when it joins a graph.
template <class... Inputs>
constexpr node make_node(opcode op, Inputs... in) {
    node n;
    n.op = op;
    int i = 0;
    ((n.in[i++] = std::int16_t(in)), ...);
    return n;
}

/// Sums x[outer, channels, inner] of each sample into what `mode` indexes, times a factor (and 1 / batch). Of
/// a value that all samples share (`shared`) there is one.
constexpr void set_reduce(node& n, blocking view, operand_mode mode, std::int32_t factor_bits, bool per_batch,
                          bool shared) {
    n.attribute[0] = view.outer;
    n.attribute[1] = view.channels;
    n.attribute[2] = view.inner;
    n.attribute[3] = int(mode);
    n.attribute[4] = factor_bits;
    n.attribute[5] = per_batch && !shared;
    n.attribute[6] = shared;
}

/// Does the operation run once, whatever the batch?
constexpr bool runs_once(const node& n) { return n.op == opcode::reduce && n.attribute[6]; }

/// Where a value lives.
enum class storage : std::uint8_t {
    arena,
    input,
    target,
    parameter,
    gradient,
    state,
    constant,
    loss_scale  ///< one number that all gradients are scaled by
};

struct value {
    storage where = storage::arena;
    bool batched = true;  ///< `size` elements for each sample, or in all
    bool keep = false;    ///< a result: alive to the end
    bool narrow = false;  ///< held in 16 bits
    std::int32_t size = 0;
    std::int32_t offset = 0;  ///< in its storage, in elements (per sample, if batched)
};

/// A graph of at most N operations over at most V values, in an order that can be run.
template <int N, int V>
struct graph {
    int node_count = 0, value_count = 0;
    std::array<node, N> nodes{};
    std::array<value, V> values{};

    static constexpr int node_capacity = N, value_capacity = V;

    constexpr int add_value(value v) {
        if (value_count > 32767) weft::detail::stop_compilation("weft: a graph holds at most 32767 values");
        if (value_count == V)
            weft::detail::stop_compilation("weft: a graph holds more values than were counted");
        values[value_count] = v;
        return value_count++;
    }
    constexpr void add_node(const node& n) {
        if (node_count == N)
            weft::detail::stop_compilation("weft: a graph holds more operations than were counted");
        nodes[node_count++] = n;
    }
};

/// The same graph in arrays of another size.
template <int N, int V, class Graph>
constexpr graph<N, V> resized(const Graph& g) {
    graph<N, V> result;
    for (int i = 0; i < g.node_count; ++i) result.add_node(g.nodes[i]);
    for (int i = 0; i < g.value_count; ++i) result.add_value(g.values[i]);
    return result;
}

}  // namespace weft::graph
