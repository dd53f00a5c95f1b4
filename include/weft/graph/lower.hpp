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
    std::array<parameter_record, P> parameters{};
    int parameter_size = 0, state_size = 0, constant_size = 0;
    int input = -1, output = -1, loss = -1, target_size = 0;
};

template <class... A, class... B>
constexpr function_list<A..., B...> operator+(function_list<A...>, function_list<B...>) {
    return {};
}

namespace detail {

template <class F>
constexpr function_list<F> as_list(F*) {
    return {};
}
template <class... F>
constexpr function_list<F...> as_list(function_list<F...>*) {
    return {};
}
/// A layer or loss names its own functions as `using functions = F` or a function_list<F…>.
template <class L>
constexpr auto functions_of() {
    if constexpr (requires { typename L::functions; })
        return as_list(static_cast<typename L::functions*>(nullptr));
    else
        return function_list<>{};
}
template <class... L>
constexpr auto functions_in(block<L...>);
// Composite layers are templates over blocks: look inside.
template <template <class...> class C, class... Blocks>
requires((is_block<Blocks> && ...) && sizeof...(Blocks) > 0) constexpr auto functions_inside(C<Blocks...>*) {
    return (functions_in(Blocks{}) + ... + function_list<>{});
}
template <fixed_string Name, class Body>
constexpr auto functions_inside(named_layer<Name, Body>*) {
    return functions_in(Body{});
}
template <class L>
constexpr auto functions_inside(L*) {
    return functions_of<L>();
}
template <class... L>
constexpr auto functions_in(block<L...>) {
    constexpr bool own[] = {
        !std::is_same_v<decltype(functions_inside(static_cast<L*>(nullptr))), function_list<>>..., false};
    constexpr bool none = [](const bool* flags) {
        for (int i = 0; i < int(sizeof...(L)); ++i)
            if (flags[i]) return false;
        return true;
    }(own);
    if constexpr (none)
        return function_list<>{};
    else
        return (functions_inside(static_cast<L*>(nullptr)) + ... + function_list<>{});
}

template <class Net, class Loss, bool Training>
constexpr auto lower_into_capacity() {
    constexpr int n = Net::layers::primitives + Loss::primitives + 1;
    using functions = decltype(functions_in(typename Net::layers{}) + functions_of<Loss>());
    builder<functions, n, 5 * n + 8, 2 * n + 2> b;
    b.training = Training;
    struct {
        decltype(b) built;
        tensor input, output, loss;
    } result;
    result.input = b.input(Net::input_type::value);
    result.output = b.lower_network(typename Net::layers{}, result.input);
    b.g.values[result.output.id].keep = true;
    if constexpr (!std::is_same_v<Loss, no_loss>) {
        b.layer = 0;
        result.loss = Loss::lower(b, result.output);
        b.g.values[result.loss.id].keep = true;
    }
    result.built = b;
    return result;
}

}  // namespace detail

/// The functions of a network's own activations and its loss, which steps refer to by number.
template <class Net, class Loss>
using functions_of = decltype(detail::functions_in(typename Net::layers{}) + detail::functions_of<Loss>());

/// Network and loss as primitives, in arrays of just the size they need.
template <class Net, class Loss, bool Training>
constexpr auto lower() {
    constexpr auto big = detail::lower_into_capacity<Net, Loss, Training>();
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

}  // namespace weft::graph
