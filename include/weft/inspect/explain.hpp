#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "../graph/flops.hpp"
#include "../graph/names.hpp"
#include "../graph/traversal.hpp"
#include "../program.hpp"
#include "detail/text.hpp"
#include "outline.hpp"

namespace weft {

namespace inspect::detail {

/// A program as plain arrays, so that one function explains them all.
struct program_record {
    const graph::node* nodes;
    int node_count;
    const graph::value* values;
    int value_count;
    const std::int32_t* offsets;
    std::int32_t per_sample, fixed, lower_per_sample, lower_fixed;
    const graph::parameter_record* parameters;
    int parameter_count;
    int kernel_count;
    int scalar_size;
    std::string_view narrow_name;         ///< of the numbers of 16 bits that mixed precision holds
    const graph::primitive_facts* facts;  ///< of the primitives, by opcode
    std::string (*const* kernel_of)(const graph::node&, int batch);  ///< what runs each
};

class explainer {
public:
    explainer(const program_record& p, const std::vector<outline_layer>& layers, int batch)
        : p_(p), layers_(layers), batch_(batch < 1 ? 1 : batch) {}

    std::string text(const std::string& title) const {
        text_table table("rlllrrrll");
        table.add({"#", "operation", "layer", "size", "FLOPs", "read", "written", "arena", "kernel"});
        table.rule();
        std::int64_t flops = 0, read = 0, written = 0;
        for (int i = 0; i < p_.node_count; ++i) {
            const graph::node& n = p_.nodes[i];
            const graph::flop_count count = graph::flops_of(n, p_.facts);
            const std::int64_t f = count.per_sample * batch_ + count.fixed;
            const std::int64_t r = bytes_of(graph::reads(n)), w = bytes_of(graph::writes(n));
            table.add({std::to_string(i), operation_text(n), layer_text(i), size_text(n), grouped(f),
                       bytes(r), bytes(w), place_text(n.out[0]), p_.kernel_of[int(n.op)](n, batch_)});
            flops += f;
            read += r;
            written += w;
        }
        table.rule();
        table.add({"", "total", "", "", grouped(flops), bytes(read), bytes(written)});
        return title + ", batch of " + std::to_string(batch_) + "\n" + table.text() + memory_text();
    }

private:
    const graph::primitive_facts& facts_of(const graph::node& n) const { return p_.facts[int(n.op)]; }

    /// "28.2 KiB per sample, …; 7 operations run 5 kernels".
    std::string memory_text() const {
        text_table table("ll");
        const auto sizes = [this](std::int32_t per_sample, std::int32_t fixed) {
            return bytes(std::int64_t(per_sample) * p_.scalar_size) + " per sample" +
                   (fixed ? " + " + bytes(std::int64_t(fixed) * p_.scalar_size) : "");
        };
        const bool equal = p_.per_sample == p_.lower_per_sample && p_.fixed == p_.lower_fixed;
        table.add({"arena", sizes(p_.per_sample, p_.fixed)});
        table.add({"lower bound", sizes(p_.lower_per_sample, p_.lower_fixed) +
                                      (equal ? ": no plan needs less" : " alive at one time")});
        table.add({"code", std::to_string(p_.node_count) + " operations, " + std::to_string(p_.kernel_count) +
                               " distinct kernels"});
        return table.text() +
               "[n] is the result of operation n; an arena offset is in bytes for each sample of the "
               "capacity,\nand after a + in bytes behind all samples.\n";
    }

    std::int64_t bytes_of(graph::value_list list) const {
        std::int64_t sum = 0;
        std::sort(list.id, list.id + list.count);
        for (int i = 0; i < list.count; ++i) {
            if (i && list.id[i] == list.id[i - 1]) continue;
            const graph::value& v = p_.values[list.id[i]];
            sum += std::int64_t(v.size) * (v.batched ? batch_ : 1) * size_of(v.type);
        }
        return sum;
    }

    int size_of(graph::number_type t) const {
        return t == graph::number_type::narrow ? 2 : t == graph::number_type::whole ? 4 : p_.scalar_size;
    }

    const graph::parameter_record* parameter(int value) const {
        for (int i = 0; i < p_.parameter_count; ++i)
            if (p_.parameters[i].value == value) return &p_.parameters[i];
        return nullptr;
    }
    /// What an operand is, in words: "bias", "input", "[3]".
    std::string operand_text(int value) const {
        if (const graph::parameter_record* p = parameter(value)) {
            const std::string_view name = p->name;
            return std::string(name.substr(name.rfind('.') + 1));
        }
        const graph::storage where = p_.values[value].where;
        if (where == graph::storage::input) return "input";
        if (where == graph::storage::target) return "target";
        if (where == graph::storage::constant) return "weights";
        if (where == graph::storage::loss_scale) return "the loss's scale";
        for (int i = 0; i < p_.node_count; ++i)
            if (graph::writes(p_.nodes[i]).contains(value)) return "[" + std::to_string(i) + "]";
        return "?";
    }

    std::string step_text(const graph::step& s) const {
        using enum graph::step_kind;
        const double bits = double(from_bits(s.bits[0]));
        const std::string operand = s.operand < 0 ? "" : operand_text(s.operand);
        switch (s.kind) {
            case apply:
                return s.fn == graph::function::custom ? "own function" : graph::name_of(s.fn);
            case slope_from_x:
            case slope_from_y:
                return std::string(s.fn == graph::function::custom ? "own" : graph::name_of(s.fn)) + "' of " +
                       operand;
            case add:
                return operand[0] == '[' ? "add " + operand : operand;
            case subtract_from:
                return "from " + operand;
            case scale:
                return s.bits[1] == 0 ? "scale " + number(bits) : "divide by " + std::to_string(s.bits[1]);
            case offset:
                return "offset " + number(bits);
            case fill:
                return "fill " + number(bits);
            case per_batch:
                return "divide by " + (s.bits[1] > 1 ? std::to_string(s.bits[1]) + " x batch" : "batch");
            case dropout:
                return "dropout " + number(bits);
            case store:
                return "keep";
            default:
                return std::string(graph::name_of(s.kind)) + " " + operand;
        }
    }

    std::string operation_text(const graph::node& n) const {
        std::string text;
        if (n.is<graph::elementwise>()) {
            if (n.in[0] >= 0)
                text = (n.source_mode == graph::operand_mode::same ? "" : "repeat ") + operand_text(n.in[0]);
        } else {
            const graph::operation_text shown = facts_of(n).text(n);
            text = facts_of(n).name;
            if (shown.window.rank > 0)
                text += " " + std::to_string(shown.window[0]) + "x" + std::to_string(shown.window[1]);
            text += shown.also;
        }
        for (int i = 0; i < n.step_count; ++i)
            text.append(text.empty() ? "" : " + ").append(step_text(n.steps[i]));
        return text;
    }

    std::string layer_text(int i) const {
        const int at = p_.nodes[i].layer;
        if (at == 0) return "loss";
        const std::string number = std::to_string(at);
        const bool aligned = layers_.size() > 9 && number.size() < 2;
        return (aligned ? " " : "") + number + " " +
               (at <= int(layers_.size()) ? layers_[std::size_t(at - 1)].kind : "");
    }

    std::string size_text(const graph::node& n) const {
        const graph::operation_text shown = facts_of(n).text(n);
        return (shown.from.rank > 0 ? shape_text(shown.from) + " -> " : "") +
               (shown.to.rank > 0 ? shape_text(shown.to) : std::to_string(p_.values[n.out[0]].size));
    }

    std::string place_text(int v) const {
        const graph::value& value = p_.values[v];
        const std::string offset = grouped(std::int64_t(p_.offsets[v]) * p_.scalar_size);
        if (value.where == graph::storage::arena)
            return (value.batched ? "" : "+") + offset +
                   (value.type == graph::number_type::narrow ? " " + std::string(p_.narrow_name)
                                                             : std::string());
        if (value.where == graph::storage::gradient) return "gradient";
        return value.where == graph::storage::state ? "statistics" : "";
    }

    const program_record& p_;
    const std::vector<outline_layer>& layers_;
    int batch_;
};

template <class Policy>
struct kernel_names {
    template <class Primitive>
    static std::string name([[maybe_unused]] const graph::node& n, [[maybe_unused]] int batch) {
        if constexpr (requires { Policy::template kernel_name<Primitive>(n, batch); })
            return Policy::template kernel_name<Primitive>(n, batch);
        else
            return Policy::name;
    }
    using type = std::string (*)(const graph::node&, int);
    template <class Primitive>
    static constexpr type of = &name<Primitive>;
};

template <class Policy>
constexpr std::string_view narrow_name() {
    if constexpr (precision_of<Policy> != precision::full)
        return Policy::narrow_scalar::name;
    else
        return {};
}

/// What a policy does with a whole program, if it does not run operation by operation.
template <class Policy, class Program>
std::string whole_text() {
    if constexpr (requires { Policy::template runs_whole<Program>(); })
        if (Policy::template runs_whole<Program>())
            return ", fused into one kernel (below, what it computes)";
    return {};
}

}  // namespace inspect::detail

/// The operations of a program that are left after fusion, as a table: each with the steps fused onto it, the
/// layer that it comes from, sizes per sample, FLOPs, bytes read and written for a batch, where in the arena
/// its result lies, and what runs it; then the totals and the memory that the plan takes. Without a loss the
/// program of predictions, with one that of training. Does not compile without an input.
///
///     std::puts(explain<net, cpu>().c_str());
///     std::puts(explain<net, cpu, decltype(softmax_cross_entropy)>(64).c_str());
template <auto Net, class Policy, class Loss = graph::no_loss>
std::string explain(int batch = 1) {
    using network = std::remove_cvref_t<decltype(Net)>;
    using loss = std::remove_cvref_t<Loss>;
    constexpr bool training = !std::is_same_v<loss, graph::no_loss>;
    using compiled = program_for<Policy, network, loss, training ? purpose::training : purpose::inference>;
    constexpr auto& source = compiled::source;
    constexpr auto& plan = compiled::plan;
    using names = inspect::detail::kernel_names<Policy>;
    const auto layers = inspect::outline(network{});
    const inspect::detail::program_record record{
        .nodes = compiled::graph.nodes.data(),
        .node_count = compiled::graph.node_count,
        .values = compiled::graph.values.data(),
        .value_count = compiled::graph.value_count,
        .offsets = plan.offset.data(),
        .per_sample = plan.per_sample,
        .fixed = plan.fixed,
        .lower_per_sample = plan.lower_per_sample,
        .lower_fixed = plan.lower_fixed,
        .parameters = source.parameters.data(),
        .parameter_count = int(source.parameters.size()),
        .kernel_count = compiled::kernels.count,
        .scalar_size = int(sizeof(typename Policy::scalar)),
        .narrow_name = inspect::detail::narrow_name<Policy>(),
        .facts = compiled::facts,
        .kernel_of = graph::table_of<names, typename compiled::own>.at};
    const std::string title = std::string(training ? "training" : "inference") + " on " + Policy::name +
                              ", " + inspect::detail::type_name<typename Policy::scalar>() +
                              (compiled::mixed ? " and " : "") + std::string(record.narrow_name) +
                              inspect::detail::whole_text<Policy, compiled>();
    return inspect::detail::explainer(record, layers, batch).text(title);
}

}  // namespace weft
