#pragma once

#include <utility>

#include "extents.hpp"

namespace weft {

/// A shape as a type, the batch left out: `shape<3, 32, 32>` is a 3-channel image of 32 x 32. Does not
/// compile with more than four sizes, or one below 1.
///
///     static_assert(shape<3, 32, 32>::rank == 3 && shape<3, 32, 32>::size == 3072);
///     static_assert(shape<3, 32, 32>::value == extents(3, 32, 32));
template <int... Sizes>
struct shape {
    static_assert(sizeof...(Sizes) <= std::size_t(extents::max_rank), "weft: a shape has at most four sizes");
    static_assert(((Sizes > 0) && ...), "weft: the sizes of a shape are positive");
    /// How many sizes there are.
    static constexpr int rank = sizeof...(Sizes);
    /// The number of elements.
    static constexpr int size = (Sizes * ... * 1);
    /// The same shape as a value.
    static constexpr extents value = [] {
        extents e;
        ((e.at[e.rank++] = Sizes), ...);
        return e;
    }();
};

template <int... A, int... B>
constexpr bool operator==(shape<A...>, shape<B...>) {
    return shape<A...>::value == shape<B...>::value;
}

namespace detail {

template <extents (*Value)(), class = std::make_integer_sequence<int, Value().rank>>
struct to_shape;
template <extents (*Value)(), int... I>
struct to_shape<Value, std::integer_sequence<int, I...>> {
    using type = shape<Value().at[I]...>;
};

}  // namespace detail
}  // namespace weft
