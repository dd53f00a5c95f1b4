#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../graph/flops.hpp"
#include "../program.hpp"
#include "outline.hpp"

namespace weft {

namespace inspect::detail {

/// What a summary adds up: the source of a network, as plain arrays.
struct network_record {
    const graph::node* nodes;
    int node_count;
    const graph::parameter_record* parameters;
    int parameter_count;
    const graph::primitive_facts* facts;
};

inline bool is_inside(std::string_view name, std::string_view path) {
    return name.size() > path.size() && name.substr(0, path.size()) == path && name[path.size()] == '.';
}

/// Trained numbers whose names begin with a path.
inline std::int64_t parameters_of(const network_record& net, std::string_view path) {
    std::int64_t sum = 0;
    for (int i = 0; i < net.parameter_count; ++i)
        if (!net.parameters[i].is_state && is_inside(net.parameters[i].name, path))
            sum += net.parameters[i].dims.size();
    return sum;
}

/// Multiply-adds of the products whose weights' names begin with a path.
inline std::int64_t multiply_adds_of(const network_record& net, std::string_view path) {
    std::int64_t sum = 0;
    for (int k = 0; k < net.node_count; ++k)
        for (int i = 0; i < net.parameter_count; ++i)
            if (net.nodes[k].in[1] == net.parameters[i].value && is_inside(net.parameters[i].name, path))
                sum += graph::multiply_adds(net.nodes[k], net.facts);
    return sum;
}

inline std::string count_text(std::int64_t n) { return n ? grouped(n) : ""; }

inline void add_rows(text_table& table, const std::vector<outline_layer>& layers, const network_record& net,
                     int depth) {
    int index = 0;
    for (const outline_layer& layer : layers) {
        ++index;
        const std::int64_t parameters = parameters_of(net, layer.path);
        table.add({depth ? "" : std::to_string(index),
                   std::string(std::size_t(2 * depth), ' ') + layer.text(), shape_text(layer.out),
                   parameters ? layer.path : "", count_text(parameters),
                   count_text(multiply_adds_of(net, layer.path))});
        for (const outline_part& part : layer.parts) {
            const bool titled = !part.name.empty() && layer.parts.size() > 1;
            if (titled) {
                const std::string empty = part.layers.empty() ? ": the input" : ":";
                const std::string branch = part.name[0] >= '0' && part.name[0] <= '9' ? "branch " : "";
                table.add({"", std::string(std::size_t(2 * depth + 2), ' ') + branch + part.name + empty});
            }
            add_rows(table, part.layers, net, depth + (titled ? 2 : 1));
        }
    }
}

inline std::string summary_table(const std::vector<outline_layer>& layers, extents input,
                                 const network_record& net) {
    text_table table("rlllrr");
    table.add({"#", "layer", "output", "name", "parameters", "multiply-adds"});
    table.rule();
    table.add({"", "input", shape_text(input)});
    add_rows(table, layers, net, 0);
    table.rule();
    return table.text();
}

/// "28.2 KiB per sample"; what does not grow with the batch follows, where there is any.
template <class Plan>
std::string arena_text(const Plan& plan) {
    const std::string fixed = plan.fixed ? " + " + bytes(std::int64_t(plan.fixed) * 4) : "";
    return bytes(std::int64_t(plan.per_sample) * 4) + " per sample" + fixed;
}

template <class Net>
std::string summary_of(const std::string& training) {
    using compiled = program<Net>;
    constexpr auto& source = compiled::source;
    const network_record record{source.g.nodes.data(), source.g.node_count, source.parameters.data(),
                                int(source.parameters.size()), compiled::facts};
    std::int64_t products = 0, flops = 0;
    for (int i = 0; i < record.node_count; ++i) {
        products += graph::multiply_adds(record.nodes[i], record.facts);
        flops += graph::flops_of(record.nodes[i], record.facts).per_sample;
    }
    std::string out = summary_table(outline(Net{}), Net::input_type::value, record);
    text_table totals("ll");
    totals.add({"parameters", grouped(source.parameter_size) + " (" +
                                  bytes(std::int64_t(source.parameter_size) * 4) + " as float)"});
    if (source.state_size) totals.add({"running statistics", grouped(source.state_size)});
    totals.add({"a prediction", grouped(products) + " multiply-adds, " + grouped(flops) + " FLOPs"});
    totals.add({"arena, inference", arena_text(compiled::plan)});
    if (!training.empty()) totals.add({"arena, training", training});
    return out + totals.text();
}

}  // namespace inspect::detail

/// A network as a table: each layer with its options, the shape that leaves it, the name that its parameters'
/// names begin with, its parameters, and its multiply-adds per sample; then the totals, with memory as for
/// float. Layers are counted from 1, as in error messages. Does not compile without an input.
///
///     std::puts(summary(net).c_str());
template <class In, class Out, class... Layers>
std::string summary(network<In, Out, Layers...>) {
    return inspect::detail::summary_of<network<In, Out, Layers...>>({});
}

/// The same, with the memory that training with this loss takes. Gradients and an optimiser's state (as many
/// numbers as parameters each) come on top.
///
///     std::puts(summary(net, softmax_cross_entropy).c_str());
template <class In, class Out, class... Layers, class Loss>
std::string summary(network<In, Out, Layers...>, const Loss&) {
    using net = network<In, Out, Layers...>;
    return inspect::detail::summary_of<net>(
        inspect::detail::arena_text(program<net, Loss, purpose::training>::plan));
}

}  // namespace weft
