#pragma once

#include "../../core/shape.hpp"
#include "../expression.hpp"

namespace weft {

/// Passes its input on. No errors.
///
///     constexpr auto widened = concat(identity, dense<4> >> relu);
///     static_assert(output_shape(input<4> >> widened) == shape<8>{});
struct identity_layer : layer_base {
    static constexpr const char* kind = "identity";
    static constexpr int primitives = 0;
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B&, typename B::value x) {
        return x;
    }
};
inline constexpr identity_layer identity{};
/// `identity` beside `using namespace std`, which has one too. No errors.
///
///     constexpr auto widened = concat(pass_through, dense<4> >> relu);
inline constexpr identity_layer pass_through{};

/// Any shape to [size]. Costs nothing at run time. No errors.
///
///     static_assert(output_shape(input<16, 5, 5> >> flatten) == shape<400>{});
struct flatten_layer : layer_base {
    static constexpr const char* kind = "flatten";
    static constexpr int primitives = 0;
    static constexpr shaped output(extents in) { return accept(extents(in.size())); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.reshape(x, extents(x.dims.size()));
    }
};
inline constexpr flatten_layer flatten{};

/// The same numbers, in order, with another shape of the same size. Costs nothing at run time. Does not
/// compile where the sizes multiply to another number, or for none, more than four, or a size below 1.
///
///     constexpr auto net = input<10> >> dense<49> >> reshape<1, 7, 7> >> upsample2d<4>;
template <int... Sizes>
struct reshape_layer : layer_base {
    static constexpr const char* kind = "reshape";
    static constexpr int primitives = 0;
    static constexpr shaped output(extents in) {
        return in.size() == shape<Sizes...>::size ? accept(shape<Sizes...>::value)
                                                  : refuse(need::size, extents(shape<Sizes...>::size), in);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.reshape(x, shape<Sizes...>::value);
    }
};
template <int... Sizes>
inline constexpr std::conditional_t<detail::is_possible_shape<Sizes...>(), reshape_layer<Sizes...>,
                                    detail::refused<impossible_shape<Sizes...>>>
    reshape{};

}  // namespace weft
