#pragma once
/// Does not compile: an option that the layer does not have, one given twice, or a value that makes no sense.

#include <cstdint>
#include <limits>
#include <type_traits>

#include "../core/real.hpp"
#include "diagnostics.hpp"

namespace weft {

/// How a layer's weights start. PyTorch's formulas; `fan_in` and `fan_out` as there.
enum class init_kind : int {
    torch_default,  ///< uniform in ±1/sqrt(fan_in): kaiming_uniform with a =
                    ///< sqrt(5), as nn.Linear and nn.Conv2d
    kaiming_uniform,
    kaiming_normal,
    xavier_uniform,
    xavier_normal,
    lecun_uniform,
    lecun_normal,
    orthogonal,
    zeros,
    ones
};

enum class option_kind : int {
    kernel,
    stride,
    padding,
    dilation,
    groups,
    bias,
    initializer,
    epsilon,
    momentum,
    axis,
    affine,
    count_padding,
    count  ///< of kinds
};
/// A bit for each kind.
using option_set = std::uint64_t;
static_assert(int(option_kind::count) <= 64, "weft: an option_set has room for 64 kinds of options");

/// Every option of every layer as a value; each layer reads those it allows.
struct option_values {
    int kernel[2] = {0, 0};
    int stride[2] = {0, 0};  // 0: the layer's own default
    int padding[2] = {0, 0};
    int dilation[2] = {1, 1};
    int groups = 1;
    bool bias = true;
    bool affine = true;
    bool count_padding = true;
    init_kind init = init_kind::torch_default;
    float epsilon = 1e-5f;
    float momentum = 0.1f;
    int axis = -1;
    bool possible = true;
};

struct option_base {};

namespace detail {

constexpr bool is_finite(float x) {
    return x >= std::numeric_limits<float>::lowest() && x <= std::numeric_limits<float>::max();
}

/// Sizes beyond this are taken for mistakes, so that sums and products of them
/// cannot overflow.
inline constexpr int largest_size = 1 << 15;

template <option_kind Kind, int Least, int (option_values::*Member)[2], int... Sizes>
struct pair_option : option_base {
    static constexpr option_kind kind = Kind;
    static constexpr void set(option_values& v) {
        constexpr int count = sizeof...(Sizes), sizes[] = {Sizes..., 0};
        v.possible = (count == 1 || count == 2) && ((Sizes >= Least && Sizes <= largest_size) && ...);
        if (!v.possible) return;
        (v.*Member)[0] = sizes[0];
        (v.*Member)[1] = sizes[count - 1];
    }
};

template <init_kind Init>
struct init_option : option_base {
    static constexpr option_kind kind = option_kind::initializer;
    static constexpr void set(option_values& v) { v.init = Init; }
};

}  // namespace detail

/// The size of a window, in pixels: one number for a square, or height and width. At least 1.
///
///     constexpr auto square = conv2d<8, kernel<3>>;
///     constexpr auto wide = conv2d<8, kernel<1, 5>>;
template <int... HeightWidth>
struct kernel : detail::pair_option<option_kind::kernel, 1, &option_values::kernel, HeightWidth...> {};
/// The step of a window, in pixels: one number, or down and right. At least 1.
///
///     constexpr auto half = conv2d<8, kernel<3>, stride<2>>;
///     constexpr auto half_as_high = conv2d<8, kernel<3>, stride<2, 1>>;
template <int... HeightWidth>
struct stride : detail::pair_option<option_kind::stride, 1, &option_values::stride, HeightWidth...> {};
/// Zeros around an image on each side, in pixels: one number, or those above and below, and left and right.
///
///     constexpr auto same_size = conv2d<8, kernel<3>, padding<1>>;
///     constexpr auto wide = conv2d<8, kernel<1, 5>, padding<0, 2>>;
template <int... HeightWidth>
struct padding : detail::pair_option<option_kind::padding, 0, &option_values::padding, HeightWidth...> {};
/// The distance between the taps of a kernel, in pixels: one number, or down and right. At least 1.
///
///     constexpr auto atrous = conv2d<8, kernel<3>, dilation<2>, padding<2>>;
template <int... HeightWidth>
struct dilation : detail::pair_option<option_kind::dilation, 1, &option_values::dilation, HeightWidth...> {};

/// Splits channels into this many independent convolutions; divides both channels and filters.
///
///     constexpr auto grouped = conv2d<8, kernel<3>, groups<4>>;
template <int Count>
struct groups : option_base {
    static constexpr option_kind kind = option_kind::groups;
    static constexpr void set(option_values& v) {
        v.groups = Count;
        v.possible = Count >= 1;
    }
};
/// Leaves out the bias.
///
///     constexpr auto before_a_norm = conv2d<8, kernel<3>, no_bias> >> batch_norm;
struct no_bias : option_base {
    static constexpr option_kind kind = option_kind::bias;
    static constexpr void set(option_values& v) { v.bias = false; }
};
/// Leaves out the scale and shift of a normalisation.
///
///     constexpr auto plain = dense<8> >> layer_norm_with<no_affine>;
struct no_affine : option_base {
    static constexpr option_kind kind = option_kind::affine;
    static constexpr void set(option_values& v) { v.affine = false; }
};
/// Average pooling divides by the taps inside the image only (Keras's rule; PyTorch counts the padding).
///
///     constexpr auto pool = avg_pool2d<3, padding<1>, exclude_padding>;
struct exclude_padding : option_base {
    static constexpr option_kind kind = option_kind::count_padding;
    static constexpr void set(option_values& v) { v.count_padding = false; }
};
/// The axis a softmax runs over, counted from 0 without the batch; the last one by default.
///
///     constexpr auto over_channels = conv2d<5> >> softmax_with<axis<0>>;
template <int Axis>
struct axis : option_base {
    static constexpr option_kind kind = option_kind::axis;
    static constexpr void set(option_values& v) {
        v.axis = Axis;
        v.possible = Axis >= 0 && Axis < extents::max_rank;
    }
};

/// How weights start, by PyTorch's formulas (He et al., 2015; Glorot and Bengio, 2010; LeCun et al., 1998;
/// Saxe et al., 2013), with biases of zero. Without one, all is uniform in ±1 / sqrt(fan_in), as in nn.Linear
/// and nn.Conv2d.
///
///     constexpr auto first = conv2d<8, kernel<3>, kaiming_normal> >> relu;
///     constexpr auto last = dense<3, xavier_uniform>;
using kaiming_uniform = detail::init_option<init_kind::kaiming_uniform>;
using kaiming_normal = detail::init_option<init_kind::kaiming_normal>;
using xavier_uniform = detail::init_option<init_kind::xavier_uniform>;
using xavier_normal = detail::init_option<init_kind::xavier_normal>;
using lecun_uniform = detail::init_option<init_kind::lecun_uniform>;
using lecun_normal = detail::init_option<init_kind::lecun_normal>;
using orthogonal = detail::init_option<init_kind::orthogonal>;

/// The number added to a variance before the square root; above 0, and 1e-5 by default.
///
///     constexpr auto as_keras = batch_norm_with<epsilon<1e-3>>;
template <real Value>
struct epsilon : option_base {
    static constexpr option_kind kind = option_kind::epsilon;
    static constexpr void set(option_values& v) {
        v.epsilon = Value.value();
        v.possible = v.epsilon > 0 && detail::is_finite(v.epsilon);
    }
};
/// The share of the newest batch in running statistics, from 0 to 1 and 0.1 by default (PyTorch's convention;
/// Keras's momentum is 1 minus it).
///
///     constexpr auto as_keras = batch_norm_with<momentum<0.01>>;
template <real Value>
struct momentum : option_base {
    static constexpr option_kind kind = option_kind::momentum;
    static constexpr void set(option_values& v) {
        v.momentum = Value.value();
        v.possible = v.momentum >= 0 && v.momentum <= 1;
    }
};

namespace detail {

template <class Option>
constexpr int option_index() {
    if constexpr (std::is_base_of_v<option_base, Option>)
        return int(Option::kind);
    else
        return -1;
}
template <class Option>
constexpr void set_option(option_values& v) {
    if constexpr (std::is_base_of_v<option_base, Option>) Option::set(v);
}

enum class option_fault { none, unknown, repeated, meaningless };
struct parsed_options {
    option_values values;
    option_fault fault = option_fault::none;
    int culprit = 0;
};

/// Reads a list of options in any order; `allowed` has a bit for each kind the layer knows.
template <class... Options>
constexpr parsed_options read_options(option_set allowed, option_values defaults) {
    parsed_options result{.values = defaults};
    using setter = void (*)(option_values&);
    constexpr int kinds[] = {option_index<Options>()..., 0};
    constexpr setter setters[] = {&set_option<Options>..., nullptr};
    option_set seen = 0;
    for (int i = 0; i < int(sizeof...(Options)); ++i) {
        option_fault fault = option_fault::none;
        if (kinds[i] < 0 || !(allowed >> kinds[i] & 1)) {
            fault = option_fault::unknown;
        } else if (seen >> kinds[i] & 1) {
            fault = option_fault::repeated;
        } else {
            seen |= option_set(1) << kinds[i];
            setters[i](result.values);
            if (!result.values.possible) fault = option_fault::meaningless;
        }
        if (fault != option_fault::none) {
            result.fault = fault;
            result.culprit = i;
            return result;
        }
    }
    return result;
}

template <class... Kinds>
constexpr option_set allow(Kinds... kinds) {
    return (option_set(0) | ... | (option_set(1) << int(kinds)));
}

template <option_fault Fault, class Layer, class Option>
struct option_error {
    using type = void;
};
template <class Layer, class Option>
struct option_error<option_fault::unknown, Layer, Option> {
    using type = unknown_option<Layer, Option>;
};
template <class Layer, class Option>
struct option_error<option_fault::repeated, Layer, Option> {
    using type = repeated_option<Layer, Option>;
};
template <class Layer, class Option>
struct option_error<option_fault::meaningless, Layer, Option> {
    using type = meaningless_option<Layer, Option>;
};

}  // namespace detail

/// The base of a layer with options: reads them in any order. `fault` names the first that is wrong.
template <class Layer, option_set Allowed, class... Options>
struct layer_with_options : layer_base {
private:
    static constexpr detail::parsed_options parsed = detail::read_options<Options...>(Allowed, {});
    using culprit = typename detail::nth<parsed.culprit, Options..., void>::type;

public:
    using fault = typename detail::option_error<parsed.fault, Layer, culprit>::type;

    /// The options over a layer's defaults; the defaults alone where an option is at fault.
    static constexpr option_values read(option_values defaults) {
        if (parsed.fault != detail::option_fault::none) return defaults;
        return detail::read_options<Options...>(Allowed, defaults).values;
    }
};

}  // namespace weft
