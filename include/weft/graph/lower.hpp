#pragma once

#include "../lang/combinators.hpp"
#include "builder.hpp"

namespace weft::graph {

/// A loss that stands for none: the graph of inference.
struct no_loss {
    static constexpr int primitives = 0;
};

/// A network (and loss) as a graph, with its parameters.
template <int N, int V, int P>
struct lowered {
    graph<N, V> g;
    array<parameter_record, P> parameters{};
    int parameter_size = 0, state_size = 0, constant_size = 0;
    int input = -1, output = -1, loss = -1, target_size = 0;
    bool mistaken = false;  ///< then it stands for a network that cannot be lowered
};

/// A layer's or loss's own functions, and its own primitives, when there are several.
template <class... F>
using function_list = primitive_list<F...>;

/// Two lists as one, that has nothing twice.
template <class... A, class... B>
constexpr auto operator+(primitive_list<A...> a, primitive_list<B...>) {
    if constexpr (sizeof...(B) == 0)
        return a;
    else if constexpr (sizeof...(B) == 1)
        return std::conditional_t<(std::is_same_v<A, B...> || ...), primitive_list<A...>,
                                  primitive_list<A..., B...>>();
    else
        return (a + ... + primitive_list<B>());
}

namespace detail {

template <class F>
constexpr primitive_list<F> as_list(F*) {
    return {};
}
template <class... F>
constexpr primitive_list<F...> as_list(primitive_list<F...>*) {
    return {};
}
/// What a layer or loss brings: `using functions = F` or a function_list<F...>, and so `own_primitives`.
template <class L>
constexpr auto own_of() {
    primitive_list<> none;
    if constexpr (requires {
                      typename L::functions;
                      typename L::own_primitives;
                  })
        return as_list(static_cast<typename L::functions*>(nullptr)) +
               as_list(static_cast<typename L::own_primitives*>(nullptr));
    else if constexpr (requires { typename L::functions; })
        return as_list(static_cast<typename L::functions*>(nullptr));
    else if constexpr (requires { typename L::own_primitives; })
        return as_list(static_cast<typename L::own_primitives*>(nullptr));
    else
        return none;
}
template <class... L>
constexpr auto own_in(block<L...>);
// Composite layers are templates over blocks: look inside.
template <template <class...> class C, class... Blocks>
requires((is_block<Blocks> && ...) && sizeof...(Blocks) > 0) constexpr auto own_inside(C<Blocks...>*) {
    return (own_in(Blocks{}) + ... + primitive_list<>{});
}
template <fixed_string Name, class Body>
constexpr auto own_inside(named_layer<Name, Body>*) {
    return own_in(Body{});
}
template <class L>
constexpr auto own_inside(L*) {
    return own_of<L>();
}
template <class... L>
constexpr auto own_in(block<L...>) {
    constexpr bool own[] = {
        !std::is_same_v<decltype(own_inside(static_cast<L*>(nullptr))), primitive_list<>>..., false};
    constexpr bool none = [](const bool* flags) {
        for (int i = 0; i < int(sizeof...(L)); ++i)
            if (flags[i]) return false;
        return true;
    }(own);
    if constexpr (none)
        return primitive_list<>{};
    else
        return (own_inside(static_cast<L*>(nullptr)) + ... + primitive_list<>{});
}

}  // namespace detail

/// The functions and primitives that a network and its loss bring. Steps refer to the functions by
/// their places here, and records to the primitives.
template <class Net, class Loss>
using brought_by = decltype(detail::own_in(typename Net::layers{}) + detail::own_of<Loss>());

namespace detail {

template <class Net, class Loss, bool Training>
constexpr auto lower_into_capacity() {
    constexpr int n = Net::layers::primitives + Loss::primitives + 1;
    builder<brought_by<Net, Loss>, n, 5 * n + 8, 2 * n + 2> b;
    b.training = Training;
    struct {
        decltype(b) built;
        tensor input, output, loss;
    } result;
    result.input = b.input(Net::input_type::value);
    result.output = b.lower_network(typename Net::layers{}, result.input);
    b.g.values[result.output.id].keep = true;
    if constexpr (!std::is_same_v<Loss, no_loss>) {
        result.loss = b.template lower_loss<Loss>(result.output);
        b.g.values[result.loss.id].keep = true;
    }
    result.built = b;
    return result;
}

/// What is wrong with it.
template <class Net, class Loss, bool Training>
struct mistake_in {
    static constexpr mistake value = lower_into_capacity<Net, Loss, Training>().built.wrong;
};

/// What stands for a network that cannot be lowered, after the error: zeros come out.
template <class Net, class Loss>
constexpr auto lower_to_nothing() {
    lowered<2, 3, 0> result;
    result.mistaken = true;
    const auto zeros = [&result](int size, bool batched) {
        node n = make_node(elementwise{});
        n.once = !batched;
        n.view = {1, 1, size};
        n.add_step({.kind = step_kind::fill});
        n.out[0] = result.g.add_value({.batched = batched, .keep = true, .size = size});
        result.g.add_node(n);
        return int(n.out[0]);
    };
    result.input = result.g.add_value({.where = storage::input, .size = int(Net::input_type::size)});
    result.output = zeros(int(Net::output_type::size), true);
    if constexpr (!std::is_same_v<Loss, no_loss>) result.loss = zeros(1, false);
    return result;
}

}  // namespace detail

/// Network and loss as primitives, in arrays of just the size they need.
template <class Net, class Loss, bool Training>
constexpr auto lower() {
    constexpr auto big = detail::lower_into_capacity<Net, Loss, Training>();
    if constexpr (big.built.wrong) {
        return detail::lower_to_nothing<Net, Loss>();
    } else {
        constexpr int nodes = big.built.g.node_count, values = big.built.g.value_count;
        lowered<nodes ? nodes : 1, values, big.built.parameter_count> result;
        result.g = resized < nodes ? nodes : 1, values > (big.built.g);
        for (int i = 0; i < big.built.parameter_count; ++i) result.parameters[i] = big.built.parameters[i];
        result.parameter_size = big.built.parameter_size;
        result.state_size = big.built.state_size;
        result.constant_size = big.built.constant_size;
        result.input = big.input.id;
        result.output = big.output.id;
        result.loss = big.loss.id;
        for (int i = 0; i < values; ++i)
            if (result.g.values[i].where == storage::target) result.target_size = result.g.values[i].size;
        return result;
    }
}

}  // namespace weft::graph
