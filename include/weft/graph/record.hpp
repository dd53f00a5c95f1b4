#pragma once

#include <cstdint>

#include "../core/extents.hpp"
#include "../core/real.hpp"
#include "../core/unreachable.hpp"
#include "array.hpp"
#include "opcode.hpp"
#include "step.hpp"

/// The graph as a value: small structural records that constexpr functions rewrite.
namespace weft::graph {

/// What a value's numbers are. The values of a program are planned, moved and bound by it.
enum class number_type : std::uint8_t {
    real,    ///< the policy's scalar
    narrow,  ///< 16 bits of mixed precision
    whole    ///< integers of 32 bits
};

/// The types of several values: two bits for each.
struct number_types {
    std::uint64_t bits = 0;

    constexpr number_type operator[](int k) const { return number_type(bits >> (2 * k) & 3); }
    constexpr void set(int k, number_type t) {
        bits = (bits & ~(std::uint64_t(3) << (2 * k))) | std::uint64_t(t) << (2 * k);
    }
    constexpr number_types part(int first, int count) const {
        return {bits >> (2 * first) & ((std::uint64_t(1) << (2 * count)) - 1)};
    }
    /// Bit k: is k of this type?
    constexpr unsigned mask_of(number_type t) const {
        unsigned mask = 0;
        for (int k = 0; k < 32 && bits >> (2 * k) != 0; ++k) mask |= unsigned((*this)[k] == t) << k;
        return mask;
    }
    constexpr bool operator==(const number_types&) const = default;
};

inline constexpr int max_inputs = 8, max_outputs = 5, max_attributes = 13, max_steps = 10;
static_assert(2 * (max_inputs + max_outputs + max_steps) < 64, "number_types holds their types");

/// What passes ask of an operation's primitive, without knowing which it is. A primitive says so by a static
/// constant of the same name that is true.
enum trait : std::uint8_t {
    takes_steps = 1,  ///< steps can run over its result
    has_effects = 2,  ///< it changes what is not among its outputs (running statistics)
    multiplies = 4,   ///< sums of products of its first two inputs, which mixed precision holds in 16 bits
    expands = 8       ///< becomes several operations before fusion, by its `expand`
};

namespace detail {

template <std::size_t Count>
struct words {
    std::int32_t at[Count];
};

// Variables, since compilers make them for less than functions and classes.
template <class P>
inline constexpr unsigned steps_trait = 0;
template <class P>
inline constexpr unsigned effects_trait = 0;
template <class P>
inline constexpr unsigned product_trait = 0;
template <class P>
inline constexpr unsigned expansion_trait = 0;
template <class P>
requires(P::takes_steps) inline constexpr unsigned steps_trait<P> = takes_steps;
template <class P>
requires(P::has_effects) inline constexpr unsigned effects_trait<P> = has_effects;
template <class P>
requires(P::multiplies) inline constexpr unsigned product_trait<P> = multiplies;
template <class P>
requires(P::expanded_operations > 0) inline constexpr unsigned expansion_trait<P> = expands;

}  // namespace detail

/// The traits of a primitive.
template <class P>
inline constexpr std::uint8_t traits_of = std::uint8_t(detail::steps_trait<P> | detail::effects_trait<P> |
                                                       detail::product_trait<P> | detail::expansion_trait<P>);

/// One operation. After its own work, the steps run over out[0], element by element.
struct node {
    opcode op{};
    std::uint8_t traits = 0, step_count = 0;
    operand_mode source_mode = operand_mode::same;  ///< how an elementwise node reads in[0]
    bool once = false;                              ///< of what all samples share: done once, not for each
    std::int16_t layer = 0;                         ///< the layer it comes from, from 1
    std::int16_t in[max_inputs] = {-1, -1, -1, -1, -1, -1, -1, -1};
    std::int16_t out[max_outputs] = {-1, -1, -1, -1, -1};
    std::int32_t attributes[max_attributes] = {};  ///< of the primitive, which as<> reads
    number_types types;                            ///< of in, then out, then the steps' operands
    blocking view = {};                            ///< how the steps see out[0]
    step steps[max_steps] = {};

    constexpr number_types in_types() const { return types.part(0, max_inputs); }
    constexpr number_types out_types() const { return types.part(max_inputs, max_outputs); }
    constexpr number_types operand_types() const { return types.part(max_inputs + max_outputs, max_steps); }

    constexpr bool has(trait t) const { return (traits & t) != 0; }
    /// Is it one of weft's own primitives?
    template <class P>
    constexpr bool is() const {
        return op == opcode_of<P>;
    }
    /// The primitive's attributes.
    template <class P>
    constexpr P as() const {
        if constexpr (std::is_empty_v<P>) {
            return {};
        } else {
            detail::words<sizeof(P) / 4> words{};
            for (std::size_t i = 0; i < sizeof(P) / 4; ++i) words.at[i] = attributes[i];
            return __builtin_bit_cast(P, words);
        }
    }
    template <class P>
    constexpr void set(const P& p) {
        static_assert(sizeof(P) <= sizeof(attributes) && sizeof(P) % 4 == 0,
                      "weft: a primitive's attributes are at most 13 ints, floats or enums of ints");
        const auto words = __builtin_bit_cast(detail::words<sizeof(P) / 4>, p);
        for (std::size_t i = 0; i < sizeof(P) / 4; ++i) attributes[i] = words.at[i];
    }
    constexpr bool add_step(step s) {
        if (step_count == max_steps) return false;
        steps[step_count++] = s;
        return true;
    }
};

/// An operation that reads these values; its outputs are set when it joins a graph. `Own` are the primitives
/// that the network brings.
template <class Own = primitive_list<>, class P, class... Inputs>
constexpr node make_node(const P& primitive, Inputs... in) {
    node n;
    n.op = opcode_of<P, Own>;
    n.traits = traits_of<P>;
    if constexpr (requires { primitive.once; }) n.once = primitive.once != 0;
    if constexpr (!std::is_empty_v<P>) n.set(primitive);
    int i = 0;
    ((n.in[i++] = std::int16_t(in)), ...);
    return n;
}

/// How many samples the operation is done for. (Steps may divide by the batch's size even where the result is
/// one for all, so elementwise operations always get the batch.)
constexpr int samples_of(const node& n, int batch) { return n.once && !n.is<elementwise>() ? 1 : batch; }

/// What goes into a primitive, or comes out.
struct port {
    extents dims;
    bool per_sample = true;  ///< or one for the whole batch
    bool optional = false;   ///< an input that may be absent; an output that only a pass adds
    bool exact = false;      ///< never held in 16 bits
};

/// Where a value lives.
enum class storage : std::uint8_t {
    arena,
    input,
    target,
    parameter,
    gradient,
    state,
    constant,
    loss_scale  ///< one number that all gradients are scaled by
};

struct value {
    storage where = storage::arena;
    bool batched = true;  ///< `size` elements for each sample, or in all
    bool keep = false;    ///< a result: alive to the end
    bool exact = false;   ///< never held in 16 bits
    number_type type = number_type::real;
    std::int32_t size = 0;
    std::int32_t offset = 0;  ///< in its storage, in elements (per sample, if batched)
};

/// What `explain` shows of an operation beside its name; what has no sizes is left out.
struct operation_text {
    extents from{}, to{};   ///< its sizes; by default those of its result
    extents window{};       ///< a window's height and width
    const char* also = "";  ///< what it does beside
};

/// A graph as passes append to it, whatever its arrays' sizes.
struct graph_writer {
    node* nodes;
    value* values;
    int &node_count, &value_count;
    int node_capacity, value_capacity;

    constexpr std::int16_t add_value(const value& v) {
        if (value_count > 32767) weft::detail::stop_compilation("weft: a graph holds at most 32767 values");
        if (value_count == value_capacity)
            weft::detail::stop_compilation("weft: a graph holds more values than were counted");
        values[value_count] = v;
        return std::int16_t(value_count++);
    }
    constexpr void add_node(const node& n) {
        if (node_count == node_capacity)
            weft::detail::stop_compilation("weft: a graph holds more operations than were counted");
        nodes[node_count++] = n;
    }
    /// Values for the outputs of an operation, out[first] and on, as its primitive says.
    template <class P>
    constexpr void add_outputs(node& n, const P& p, int first = 0) {
        for (int k = first; k < P::outputs; ++k) {
            const port out = p.out(k);
            if (!out.optional)
                n.out[k] =
                    add_value({.batched = out.per_sample, .exact = out.exact, .size = out.dims.size()});
        }
    }
};

/// A graph of at most N operations over at most V values, in an order that can be run.
template <int N, int V>
struct graph {
    int node_count = 0, value_count = 0;
    array<node, N> nodes{};
    array<value, V> values{};

    static constexpr int node_capacity = N, value_capacity = V;

    constexpr graph_writer writer() { return {nodes.data(), values.data(), node_count, value_count, N, V}; }
    constexpr std::int16_t add_value(const value& v) { return writer().add_value(v); }
    constexpr void add_node(const node& n) { writer().add_node(n); }
};

/// The same graph in arrays of another size.
template <int N, int V, class Graph>
constexpr graph<N, V> resized(const Graph& g) {
    graph<N, V> result;
    for (int i = 0; i < g.node_count; ++i) result.add_node(g.nodes[i]);
    for (int i = 0; i < g.value_count; ++i) result.add_value(g.values[i]);
    return result;
}

}  // namespace weft::graph
