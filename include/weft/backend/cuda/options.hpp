#pragma once

#include <type_traits>

#include "../../core/float16.hpp"

namespace weft {

/// Options of cuda_with, beside a type of numbers.
struct tf32 {};      ///< products of floats round their factors to 10 bits of mantissa, for tensor cores
struct autotune {};  ///< where libraries offer two ways, the faster is kept: bits may differ between runs

namespace cuda_backend {

/// The error of an option that cuda_with does not know; its argument says which.
template <class Option>
struct unknown_option {
    static_assert(!std::is_same_v<Option, Option>,
                  "weft: cuda_with takes float16, bfloat16 or double, tf32 and autotune");
};

/// What the options of cuda_with, in any order, come to.
template <class... Options>
struct options {
    template <class Option>
    static constexpr bool has = (std::is_same_v<Option, Options> || ...);
    template <class Option>
    static constexpr bool known =
        std::is_same_v<Option, float16> || std::is_same_v<Option, bfloat16> ||
        std::is_same_v<Option, double> || std::is_same_v<Option, tf32> || std::is_same_v<Option, autotune>;
    template <class Option>
    using checked = std::conditional_t<known<Option>, float16, unknown_option<Option>>;
    static_assert(((sizeof(checked<Options>) > 0) && ...));
    static_assert(has<float16> + has<bfloat16> + has<double> <= 1,
                  "weft: cuda_with takes one of float16, bfloat16 and double");

    using scalar = std::conditional_t<has<double>, double, float>;
    using narrow =
        std::conditional_t<has<float16>, float16, std::conditional_t<has<bfloat16>, bfloat16, scalar>>;
};

/// A stream with options for its libraries.
template <class Stream, class LibraryOptions, class Options>
struct stream_with : Stream {
    stream_with()
        : Stream(LibraryOptions{.tf32 = Options::template has<tf32>,
                                .measure = Options::template has<autotune>}) {}
};

}  // namespace cuda_backend
}  // namespace weft
