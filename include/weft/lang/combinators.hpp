#pragma once

#include "../core/broadcast.hpp"
#include "../core/fixed_string.hpp"
#include "expression.hpp"
#include "layers/shape.hpp"

namespace weft {

namespace detail {

/// A shape failure inside part `branch` of a layer.
constexpr shaped in_branch(shaped failure, int branch) {
    failure.branch_inner = failure.inner;
    failure.branch = branch;
    return failure;
}

/// Maker::type<Parts as blocks…>, or the first part that is an error.
template <class Maker, class... Parts>
constexpr auto make_combinator() {
    constexpr bool bad[] = {is_poison<Parts>..., false};
    constexpr int culprit = [](const bool* b) {
        int i = 0;
        while (i < int(sizeof...(Parts)) && !b[i]) ++i;
        return i;
    }(bad);
    if constexpr (culprit < int(sizeof...(Parts)))
        return typename nth<culprit, Parts...>::type{};
    else
        return typename Maker::template type<Parts...>{};
}

}  // namespace detail

/// body(x) + shortcut(x); without a shortcut, body(x) + x.
template <class Body, class Shortcut = block<>>
struct residual_layer : layer_base {
    static constexpr const char* kind = "residual";
    static constexpr int primitives = 1 + Body::primitives + Shortcut::primitives;

    static constexpr shaped output(extents in) {
        shaped body = Body::output(in);
        if (!body.ok()) return detail::in_branch(body, 0);
        shaped shortcut = Shortcut::output(in);
        if (!shortcut.ok()) return detail::in_branch(shortcut, 1);
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
    template <class Body>
    constexpr auto operator()(Body) const {
        return make_combinator<residual_maker, as_block_t<Body>>();
    }
    template <class Body, class Shortcut>
    constexpr auto operator()(Body, Shortcut) const {
        return make_combinator<residual_maker, as_block_t<Body>, as_block_t<Shortcut>>();
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
    static_assert(sizeof...(Branches) >= 2, "weft: a join needs at least two branches");
    static_assert(sizeof...(Branches) <= 8, "weft: a join has at most eight branches; nest joins for more");
    static constexpr int primitives = (int(sizeof...(Branches)) + ... + Branches::primitives);

    static constexpr shaped output(extents in) {
        shaped joined;
        for (int i = 0; i < branches<Branches...>::count; ++i) {
            shaped one = branches<Branches...>::rules[i](in);
            if (!one.ok()) return in_branch(one, i);
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
            if (!same) return refuse(need::same_plane, a.out, b.out);
            a.out.at[0] += b.out[0];
            return a;
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
    static constexpr const char* kind = "concat";
};
template <class... Branches>
struct add_layer : detail::join_base<detail::joint::add, Branches...> {
    static constexpr const char* kind = "add";
};
template <class... Branches>
struct multiply_layer : detail::join_base<detail::joint::multiply, Branches...> {
    static constexpr const char* kind = "multiply";
};

namespace detail {

template <template <class...> class Join>
struct join_function {
    template <class... B>
    using type = Join<B...>;
    template <class... Branches>
    constexpr auto operator()(Branches...) const {
        return make_combinator<join_function, as_block_t<Branches>...>();
    }
};

}  // namespace detail

/// residual(body), residual(body, shortcut): adds what comes out to the input, or to the shortcut's result.
inline constexpr detail::residual_function residual{};
/// concat(a, b, …): the results of branches over one input, joined along the channels (the first axis).
inline constexpr detail::join_function<concat_layer> concat{};
/// add(a, b, …): the sum of branches over one input; smaller shapes broadcast.
inline constexpr detail::join_function<add_layer> add{};
/// multiply(a, b, …): the product of branches over one input; smaller shapes broadcast.
inline constexpr detail::join_function<multiply_layer> multiply{};

/// A layer whose parameters are saved under a name of its own instead of its number.
template <fixed_string Name, class Body>
struct named_layer : layer_base {
    static constexpr const char* kind = "named";
    static constexpr int primitives = Body::primitives;
    static constexpr const char* name() { return Name.text; }
    static constexpr shaped output(extents in) {
        shaped result = Body::output(in);
        return result.ok() ? result : detail::in_branch(result, 0);
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
    template <class Body>
    constexpr auto operator()(Body) const {
        return make_combinator<named_maker<Name>, as_block_t<Body>>();
    }
};

template <class... Before, class... L>
constexpr block<Before..., L...> appended(block<Before...>, block<L...>) {
    return {};
}
template <int N, class Block>
constexpr auto repeat_block(Block once) {
    if constexpr (N == 1) {
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
struct repeat_function {
    static_assert(Times >= 1, "weft: repeat<N> needs N of at least 1");
    template <class Body>
    constexpr auto operator()(Body) const {
        if constexpr (is_poison<as_block_t<Body>>)
            return as_block_t<Body>{};
        else
            return repeat_block<Times>(as_block_t<Body>{});
    }
};

}  // namespace detail

/// named<"head">(dense<10>): parameters are saved as "head.weight" and "head.bias".
template <fixed_string Name>
inline constexpr detail::named_function<Name> named{};
/// repeat<N>(body): N copies, one after the other, each with parameters of its own.
template <int Times>
inline constexpr detail::repeat_function<Times> repeat{};

}  // namespace weft
