#pragma once

#include "../expression.hpp"
#include "../options.hpp"

namespace weft {

/// A fully connected layer, y = x W^T + b, over the last axis: [in] to [Features], or [steps, in] to
/// [steps, Features]. Parameters: weight [Features, in], bias [Features]. Options: `no_bias`, an initialiser.
/// Does not compile for Features below 1, on an input of three or four sizes (`flatten` it), or for more than
/// 2^31 - 1 weights.
///
///     constexpr auto net = input<20> >> dense<16> >> relu >> dense<3, no_bias, xavier_uniform>;
///     static_assert(output_shape(net) == shape<3>{} && parameter_count(net) == 20 * 16 + 16 + 16 * 3);
template <int Features, class... Options>
struct dense_layer
    : layer_with_options<dense_layer<Features, Options...>,
                         detail::allow(option_kind::bias, option_kind::initializer), Options...> {
    static constexpr const char* kind = "dense";
    static constexpr int primitives = 2;
    static constexpr option_values options = dense_layer::read({});
    using fault = detail::first_fault_t<
        typename dense_layer::layer_with_options::fault,
        detail::fault_unless<Features >= 1, impossible_layer<dense_layer, needs<at_least_one_feature>>>>;

    static constexpr shaped output(extents in) {
        if (in.rank < 1 || in.rank > 2) return refuse(need::vector, {}, in);
        if (!accept({Features, in.last()}).ok()) return refuse(need::countable, {}, {Features, in.last()});
        extents out = in;
        out.at[in.rank - 1] = Features;
        return accept(out);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const int in = x.dims.last(), axis = x.dims.rank - 1;
        auto y = b.dense(x, b.parameter("weight", {Features, in}, {options.init, in, Features}));
        if constexpr (options.bias)
            y = b.along(B::add_step, y,
                        b.parameter("bias", extents(Features), {b.bias_init(options.init), in, Features}),
                        axis);
        return y;
    }
};

template <int Features, class... Options>
inline constexpr dense_layer<Features, Options...> dense{};

}  // namespace weft
