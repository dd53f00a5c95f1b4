#pragma once

#include "mistake.hpp"
#include "parameters.hpp"
#include "primitives.hpp"

namespace weft::graph {

/// What a layer lowers to: a result of the builder's operations, seen with a shape.
struct tensor {
    int id = -1;
    extents dims;
};

/// A graph as it grows, and what belongs to it. What cannot be is noted as a mistake, and nothing more is
/// emitted. `Own` is what the network brings of its own.
template <class Own, int N, int V, int P>
struct emitter : name_path {
    graph<N, V> g;
    array<parameter_record, P> parameters{};
    int parameter_count = 0, parameter_size = 0, state_size = 0, constant_size = 0;
    bool training = false;
    int layer = 0;
    mistake wrong{};  ///< the first

    /// An operation that reads these values. Each must have the size that the primitive's port says, and
    /// the result has the shape of its first output.
    template <class Primitive, class... Inputs>
    constexpr tensor emit(const Primitive& p, Inputs... in) {
        static_assert(sizeof...(Inputs) <= Primitive::inputs, "weft: more inputs than the primitive has");
        if constexpr (detail::known<Primitive, Own>) {
            const tensor inputs[] = {in..., {}};
            return emit_all(p, inputs, int(sizeof...(Inputs)), {});
        } else {
            return fail({.kind = mistake_kind::unlisted_primitive}, {0, p.out(0).dims});
        }
    }

    // ---- leaves -----------------------------------------------------------------------------------------
    constexpr tensor input(extents dims) {
        return {add_value({.where = storage::input, .size = dims.size()}), dims};
    }
    constexpr tensor target(extents dims) {
        return {add_value({.where = storage::target, .size = dims.size()}), dims};
    }
    /// Numbers that the loss fills in at run time (class weights).
    constexpr tensor constant(extents dims) {
        const int offset = constant_size;
        constant_size += dims.size();
        return {
            add_value({.where = storage::constant, .batched = false, .size = dims.size(), .offset = offset}),
            dims};
    }
    constexpr tensor parameter(const char* name, extents dims, initializer init) {
        return declare(name, dims, init, false, parameter_size);
    }
    /// A running statistic: saved with the parameters, not trained.
    constexpr tensor state(const char* name, extents dims, float initial) {
        return declare(name, dims, {.constant = initial}, true, state_size);
    }

    /// Notes what is wrong, if nothing was before, and goes on with `instead`.
    constexpr tensor fail(mistake m, tensor instead) {
        if (!wrong) {
            wrong = m;
            wrong.layer = layer;
        }
        return {0, instead.dims};
    }

protected:
    constexpr bool is_batched(tensor x) const { return g.values[x.id < 0 ? 0 : x.id].batched; }

    constexpr int add_value(const weft::graph::value& v) {
        if (g.value_count < V) return g.add_value(v);
        fail({.kind = mistake_kind::too_many_values}, {});
        return 0;
    }
    /// Operations beyond what a layer said that it needs may be more than the graph has room for.
    constexpr void operations_of_layer(int count, int most) {
        if (count > most)
            fail({.kind = mistake_kind::primitives, .wanted = extents(count), .got = extents(most)}, {});
    }
    /// For an operation with so many outputs.
    constexpr bool has_room(int outputs) {
        if (g.value_count + outputs > V) fail({.kind = mistake_kind::too_many_values}, {});
        if (g.node_count == N)
            fail({.kind = mistake_kind::primitives, .wanted = extents(N + 1), .got = extents(N)}, {});
        return !wrong;
    }
    template <class Primitive>
    constexpr tensor emit_all(const Primitive& p, const tensor* in, int count, blocking view) {
        const port result = p.out(0);
        const tensor instead{0, result.dims};
        node n = make_node<Own>(p);
        for (int k = 0; k < Primitive::inputs; ++k) {
            const port want = p.in(k);
            if (k >= count || in[k].id < 0) {
                if (!want.optional) return fail({mistake_kind::input, 0, n.op, k, want.dims, {}}, instead);
                continue;
            }
            if (g.values[in[k].id].size != want.dims.size())
                return fail({mistake_kind::input, 0, n.op, k, want.dims, in[k].dims}, instead);
            if (is_batched(in[k]) != want.per_sample)
                return fail({want.per_sample ? mistake_kind::input_per_sample : mistake_kind::input_shared, 0,
                             n.op, k, want.dims, in[k].dims},
                            instead);
            n.in[k] = std::int16_t(in[k].id);
        }
        if (wrong || !has_room(Primitive::outputs)) return instead;
        n.layer = std::int16_t(layer);
        n.view = view.size() == result.dims.size() ? view : blocking{1, 1, result.dims.size()};
        g.writer().add_outputs(n, p);
        g.add_node(n);
        return {n.out[0], result.dims};
    }

    constexpr tensor with_step(tensor x, step s, blocking view) {
        if (wrong || x.id < 0 || !has_room(1)) return {0, x.dims};
        node n = make_node(elementwise{}, x.id);
        n.add_step(s);
        n.layer = std::int16_t(layer);
        n.view = view;
        n.once = !is_batched(x);
        n.out[0] = g.add_value({.batched = is_batched(x), .size = x.dims.size()});
        g.add_node(n);
        return {n.out[0], x.dims};
    }
    constexpr tensor declare(const char* name, extents dims, initializer init, bool is_state, int& size) {
        if (parameter_count == P) return fail({.kind = mistake_kind::too_many_values}, {0, dims});
        if (!accept(dims).ok() || dims.size() > 2147483647 - size)
            return fail({.kind = mistake_kind::parameters}, {0, extents(1)});
        parameter_record& p = parameters[parameter_count];
        if (!write_name(name, p)) return fail({.kind = mistake_kind::long_name}, {0, dims});
        ++parameter_count;
        p.dims = dims;
        p.init = init;
        p.is_state = is_state;
        p.offset = size;
        p.layer = layer;
        p.value = add_value({.where = is_state ? storage::state : storage::parameter,
                             .batched = false,
                             .size = dims.size(),
                             .offset = size});
        size += dims.size();
        return {p.value, dims};
    }
};

}  // namespace weft::graph
