#pragma once

#include "../../config.hpp"
#include "../chain.hpp"
#include "elementwise.hpp"

/// Steps as functors composed while compiling, for backends whose kernels work number by number.
namespace weft {

/// What steps need to know beside their numbers.
struct step_context {
    int batch;
    std::uint64_t seed, step;
    const std::uint64_t* clock = nullptr;  ///< where both are, if they change while this does not

    template <class T>
    WEFT_DEVICE constexpr T dropout_factor(std::int32_t stream, float rate, std::ptrdiff_t element) const {
        return reference_backend::dropout_factor<T>(clock ? clock[0] : seed, clock ? clock[1] : step, stream,
                                                    rate, element);
    }
};

/// The K-th of a network's own functions.
template <int K, class First, class... Rest>
struct function_at : function_at<K - 1, Rest...> {};
template <class First, class... Rest>
struct function_at<0, First, Rest...> {
    using type = First;
};

/// One step on one number: x is what came so far, y the operand's number.
template <class Functions, class Step>
struct step_functor;
template <class... Own, graph::step_kind Kind, graph::function Fn, graph::operand_mode Mode,
          std::int32_t Bits0, std::int32_t Bits1>
struct step_functor<graph::function_list<Own...>, step_type<Kind, Fn, Mode, Bits0, Bits1>> {
    template <class T>
    WEFT_DEVICE static constexpr T value(T x) {
        if constexpr (Fn == graph::function::custom) {
            return function_at<Bits1, Own...>::type::template value<T>(x);
        } else {
            const std::int32_t bits[2] = {Bits0, Bits1};
            return reference_backend::apply<graph::function_list<>>(Fn, bits, x);
        }
    }
    template <class T>
    WEFT_DEVICE static constexpr T slope(T x) {
        if constexpr (Fn == graph::function::custom) {
            return function_at<Bits1, Own...>::type::template slope<T>(x);
        } else {
            const std::int32_t bits[2] = {Bits0, Bits1};
            if constexpr (Kind == graph::step_kind::slope_from_y)
                return reference_backend::slope_from_y(Fn, bits, x);
            else
                return reference_backend::slope_from_x<graph::function_list<>>(Fn, bits, x);
        }
    }
    template <class T>
    WEFT_DEVICE static constexpr T run(T x, T y, const step_context& c, std::ptrdiff_t element) {
        using enum graph::step_kind;
        constexpr float number = from_bits(Bits0);
        if constexpr (Kind == apply) return value(x);
        if constexpr (Kind == slope_from_y || Kind == slope_from_x) return x * slope(y);
        if constexpr (Kind == add) return x + y;
        if constexpr (Kind == subtract) return x - y;
        if constexpr (Kind == subtract_from) return y - x;
        if constexpr (Kind == multiply) return x * y;
        if constexpr (Kind == divide) return x / y;
        if constexpr (Kind == scale && Bits1 != 0) return x * T(number) / T(Bits1);
        if constexpr (Kind == scale) return x * T(number);
        if constexpr (Kind == offset) return x + T(number);
        if constexpr (Kind == fill) return T(number);
        if constexpr (Kind == per_batch)
            return x * T(number) / (reference_backend::step_divisor<T>(Bits1) * T(c.batch));
        if constexpr (Kind == dropout) return x * c.template dropout_factor<T>(Bits1, number, element);
        return x;
    }
};

/// Along a row of consecutive elements (inner ones, or channels where inner is 1), does an operand move?
constexpr bool moves(graph::operand_mode m, bool along_channels) {
    using enum graph::operand_mode;
    if (m == same || m == fixed) return true;
    if (along_channels) return m == channel || m == sample_channel;
    return m == sample_inner || m == inner;
}

}  // namespace weft
