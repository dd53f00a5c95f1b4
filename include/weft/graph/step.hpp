#pragma once

#include <cstdint>

/// What an operation does to its result, element by element.
namespace weft::graph {

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
    scale,          ///< a = a * constant / divisor; bits: the constant, and the divisor (0 for 1)
    offset,         ///< a = a + constant
    fill,           ///< a = constant
    per_batch,      ///< a = a * constant / (divisor * batch size); bits as for scale
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

}  // namespace weft::graph
