#pragma once

#include "../core/broadcast.hpp"
#include "../core/fixed_string.hpp"
#include "expression.hpp"
#include "layers/shape.hpp"

namespace weft {

namespace detail {

template <class...>
struct parts;

/// Maker::type<Parts…> of blocks, or the first part that is an error.
template <class Maker, int Least, int Most, class... Parts>
constexpr auto make_combinator() {
    constexpr bool bad[] = {is_poison<Parts>..., false};
    constexpr int culprit = [](const bool* b) {
        int i = 0;
        while (i < int(sizeof...(Parts)) && !b[i]) ++i;
        return i;
    }(bad);
    if constexpr (culprit < int(sizeof...(Parts)))
        return typename nth<culprit, Parts...>::type{};
    else if constexpr (int(sizeof...(Parts)) < Least || int(sizeof...(Parts)) > Most)
        return wrong_number_of_parts<parts<Parts...>>{};
    else
        return typename Maker::template type<Parts...>{};
}

}  // namespace detail

/// body(x) + shortcut(x); without a shortcut, body(x) + x.
template <class Body, class Shortcut = block<>>
struct residual_layer : layer_base {
    static constexpr const char* kind = "residual";
    static constexpr int primitives = 1 + Body::primitives + Shortcut::primitives;
    template <int I>
    using part = std::conditional_t<I == 0, Body, Shortcut>;
    template <int Part>
    using place = in_residual<Part>;

    static constexpr shaped output(extents in) {
        shaped body = Body::output(in);
        if (!body.ok()) return in_part(body, 0);
        shaped shortcut = Shortcut::output(in);
        if (!shortcut.ok()) return in_part(shortcut, 1);
        if (!(body.out == shortcut.out)) return refuse(need::exact, shortcut.out, body.out);
        return body;
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const int before = b.enter("body");
        auto y = b.lower(Body{}, x);
        b.leave(before);
        b.enter("shortcut");
        auto z = b.lower(Shortcut{}, x);
        b.leave(before);
        return b.add(y, z);
    }
};

namespace detail {

struct residual_maker {
    template <class Body, class Shortcut = block<>>
    using type = residual_layer<Body, Shortcut>;
};
struct residual_function {
    template <class... Parts>
    constexpr auto operator()(Parts...) const {
        return make_combinator<residual_maker, 1, 2, as_block_t<Parts>...>();
    }
};

/// The branches of a join as tables, so that any number of them costs one loop.
template <class... Branches>
struct branches {
    static constexpr int count = sizeof...(Branches);
    using rule = shaped (*)(extents);
    static constexpr rule rules[count] = {&Branches::output...};

    template <class B>
    static constexpr void lower(B& b, typename B::value x, typename B::value (&results)[count]) {
        using lowering = typename B::value (*)(B&, typename B::value);
        constexpr lowering each[] = {&lower_branch<B, Branches>...};
        for (int i = 0; i < count; ++i) {
            const int before = b.enter(i);
            results[i] = each[i](b, x);
            b.leave(before);
        }
    }

private:
    template <class B, class Branch>
    static constexpr typename B::value lower_branch(B& b, typename B::value x) {
        return b.lower(Branch{}, x);
    }
};

enum class joint { concat, add, multiply };

/// Branches over one input, joined.
template <joint Joint, class... Branches>
struct join_base : layer_base {
    static constexpr int primitives = (int(sizeof...(Branches)) + ... + Branches::primitives);
    template <int I>
    using part = typename nth<I, Branches...>::type;

    static constexpr shaped output(extents in) {
        shaped joined;
        for (int i = 0; i < branches<Branches...>::count; ++i) {
            shaped one = branches<Branches...>::rules[i](in);
            if (!one.ok()) return in_part(one, i);
            joined = i == 0 ? one : unite(joined, one);
            if (!joined.ok()) return joined;
        }
        return joined;
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        typename B::value results[sizeof...(Branches)];
        branches<Branches...>::lower(b, x, results);
        if constexpr (Joint == joint::concat) {
            return b.concat(results, int(sizeof...(Branches)));
        } else {
            auto y = results[0];
            for (int i = 1; i < int(sizeof...(Branches)); ++i)
                y = Joint == joint::add ? b.add(y, results[i]) : b.multiply(y, results[i]);
            return y;
        }
    }

private:
    static constexpr shaped unite(shaped a, shaped b) {
        if constexpr (Joint == joint::concat) {
            bool same = a.out.rank == b.out.rank;
            for (int i = 1; same && i < a.out.rank; ++i) same = a.out[i] == b.out[i];
            if (!same) return refuse(need::same_but_first, a.out, b.out);
            return with_size(a.out, 0, 0LL + a.out[0] + b.out[0]);
        } else {
            const bool first_larger = a.out.size() >= b.out.size();
            const extents large = first_larger ? a.out : b.out, small = first_larger ? b.out : a.out;
            return broadcast(large, small, true).possible ? accept(large)
                                                          : refuse(need::broadcastable_to, large, small);
        }
    }
};

}  // namespace detail

template <class... Branches>
struct concat_layer : detail::join_base<detail::joint::concat, Branches...> {
    template <int Part>
    using place = in_concat<Part>;
    static constexpr const char* kind = "concat";
};
template <class... Branches>
struct add_layer : detail::join_base<detail::joint::add, Branches...> {
    template <int Part>
    using place = in_add<Part>;
    static constexpr const char* kind = "add";
};
template <class... Branches>
struct multiply_layer : detail::join_base<detail::joint::multiply, Branches...> {
    template <int Part>
    using place = in_multiply<Part>;
    static constexpr const char* kind = "multiply";
};

namespace detail {

template <template <class...> class Join>
struct join_function {
    template <class... B>
    using type = Join<B...>;
    template <class... Branches>
    constexpr auto operator()(Branches...) const {
        return make_combinator<join_function, 2, 8, as_block_t<Branches>...>();
    }
};

}  // namespace detail

/// Adds what comes out of a body to its input, or to what comes out of a shortcut: `residual(body)`,
/// `residual(body, shortcut)`. Parameters are saved as `body.0.weight`, `shortcut.0.weight`. Does not compile
/// where the two results differ in shape, without a part or with more than two.
///
///     constexpr auto same = residual(conv2d<8, kernel<3>, padding<1>> >> relu);
///     constexpr auto down = residual(conv2d<16, kernel<2>, stride<2>>, conv2d<16, stride<2>>);
///     static_assert(output_shape(input<8, 6, 6> >> same >> down) == shape<16, 3, 3>{});
inline constexpr detail::residual_function residual{};
/// The results of branches over one input, joined along the first axis (the channels): `concat(a, b, …)`.
/// Does not
/// compile where branches differ in another size, or for other than two to eight.
///
///     constexpr auto branches = concat(conv2d<8>, conv2d<16, kernel<3>, padding<1>>);
///     static_assert(output_shape(input<4, 9, 9> >> branches) == shape<24, 9, 9>{});
inline constexpr detail::join_function<concat_layer> concat{};
/// The sum of branches over one input: `add(a, b, …)`. Smaller shapes broadcast by NumPy's rule, aligned at
/// the right: [C, 1, 1] over [C, H, W]. Does not compile where shapes do
/// not broadcast, or for other than two to eight.
///
///     constexpr auto both = add(dense<16> >> relu, dense<16, no_bias>);
///     static_assert(output_shape(input<4> >> both) == shape<16>{});
inline constexpr detail::join_function<add_layer> add{};
/// The product of branches over one input: `multiply(a, b, …)`. Smaller shapes broadcast by NumPy's rule,
/// aligned at the right: [C, 1, 1] over [C, H, W]. Does not compile where shapes do not broadcast, or for
/// other than two to eight.
///
///     constexpr auto scale = global_avg_pool >> dense<8> >> sigmoid >> reshape<8, 1, 1>;
///     constexpr auto gate = multiply(identity, scale);  // squeeze and excite
///     static_assert(output_shape(input<8, 6, 6> >> gate) == shape<8, 6, 6>{});
inline constexpr detail::join_function<multiply_layer> multiply{};

namespace detail {

/// Dots separate the names of layers inside layers, as in PyTorch's state_dict.
template <std::size_t N>
constexpr bool is_possible_name(const fixed_string<N>& name) {
    for (char c : name.view())
        if (c == '.' || c == '\0') return false;
    return !name.view().empty();
}

}  // namespace detail

/// A layer whose parameters are saved under a name of its own instead of its number. Names nest: those of a
/// named layer in it, or of several layers, come behind it and a dot.
template <fixed_string Name, class Body>
struct named_layer : layer_base {
    static constexpr const char* kind = "named";
    using fault = detail::fault_unless<
        detail::is_possible_name(Name),
        impossible_layer<named_layer, needs<a_name_of_one_character_or_more_without_dots>>>;
    static constexpr int primitives = Body::primitives;
    template <int>
    using part = Body;
    template <int Part>
    using place = in_named<Part>;
    static constexpr const char* name() { return Name.text; }
    static constexpr shaped output(extents in) {
        shaped result = Body::output(in);
        return result.ok() ? result : in_part(result, 0);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.lower_named(Body{}, x);
    }
};

namespace detail {

template <fixed_string Name>
struct named_maker {
    template <class Body>
    using type = named_layer<Name, Body>;
};
template <fixed_string Name>
struct named_function {
    template <class... Parts>
    constexpr auto operator()(Parts...) const {
        return make_combinator<named_maker<Name>, 1, 1, as_block_t<Parts>...>();
    }
};

template <class... Before, class... L>
constexpr block<Before..., L...> appended(block<Before...>, block<L...>) {
    return {};
}
template <int N, class Block>
constexpr auto repeat_block(Block once) {
    if constexpr (N <= 1) {
        return once;
    } else {
        const auto half = repeat_block<N / 2>(once);
        if constexpr (N % 2 == 0)
            return appended(half, half);
        else
            return appended(appended(half, half), once);
    }
}
template <int Times>
struct repeated;
template <class Part>
inline constexpr long long layers_of = 1;
template <class... Layers>
inline constexpr long long layers_of<block<Layers...>> = sizeof...(Layers);
template <int Times>
struct repeat_function {
    template <class Body>
    struct copies {
        using type = decltype(repeat_block<Times>(Body{}));
    };
    struct maker {
        template <class Body>
        using type = typename copies<Body>::type;
    };
    template <class... Parts>
    constexpr auto operator()(Parts...) const {
        if constexpr (Times < 1)
            return refused<impossible_layer<repeated<Times>, needs<at_least_one_time>>>{};
        else if constexpr (Times * (0LL + ... + layers_of<as_block_t<Parts>>) > 4096)
            return refused<impossible_layer<repeated<Times>, needs<at_most_4096_layers>>>{};
        else
            return make_combinator<maker, 1, 1, as_block_t<Parts>...>();
    }
};

}  // namespace detail

/// Gives a layer's parameters a name of their own instead of its number: those of `named<"head">(dense<10>)`
/// are saved as "head.weight" and "head.bias". Of several layers each has its number behind the name,
/// "head.0.weight", or its own name: those of `named<"a">(named<"b">(dense<3>))` are "a.b.weight". Does not
/// compile for an empty name or one with a dot, or where two parameters of a model come to have one name.
///
///     constexpr auto net = input<64> >> dense<32> >> relu >> named<"head">(dense<10>);
///     model<net, cpu> model{seed{1}};
///     std::span<float> weights = model.parameter("head.weight");
template <fixed_string Name>
inline constexpr detail::named_function<Name> named{};
/// So many copies, one after the other, each with parameters of its own. Does not compile for fewer than one.
///
///     constexpr auto deep = input<64> >> repeat<8>(dense<64> >> relu) >> dense<10>;
template <int Times>
inline constexpr detail::repeat_function<Times> repeat{};

}  // namespace weft
