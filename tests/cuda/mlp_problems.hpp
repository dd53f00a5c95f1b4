#pragma once
/// Perceptrons' problems, what the unfused program makes of them on the reference, and a twin for the tests
/// of fused kernels.

#include <cmath>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>
#include <weft/backend/cuda/execution/launch.hpp>
#include <weft/backend/reference/policy.hpp>
#include <weft/core/random.hpp>
#include <weft/program.hpp>
#include <weft/workspace.hpp>

namespace mlp_problems {

using namespace weft;
using cuda_backend::host_block;

using graph::storage;

template <auto Net>
using network_of = std::remove_cv_t<decltype(Net)>;

/// Numbers of the order of one that depend on the stream alone; what a float holds, so that both precisions
/// compute with the same.
inline std::vector<double> numbers(std::size_t n, std::uint64_t stream, double low, double high) {
    random_stream draw{seed{7}, stream};
    std::vector<double> x(n);
    for (double& v : x) v = double(float(low + (high - low) * double(draw.uniform())));
    return x;
}

/// What a program computes from: its parameters are small enough that activations stay of the order of one.
struct problem {
    int batch;
    std::vector<double> x, target, parameters;
};
template <class Program, class Loss>
problem make_problem(int batch) {
    constexpr auto& source = Program::source;
    const std::size_t in = std::size_t(source.g.values[std::size_t(source.input)].size),
                      out = std::size_t(source.g.values[std::size_t(source.output)].size);
    problem p{batch, numbers(in * std::size_t(batch), 1, -1, 1), {}, {}};
    for (const auto& r : source.parameters) {
        const double size = 1.7 / std::sqrt(double(r.init.fan_in));
        const auto values = numbers(std::size_t(r.dims.size()), 2 + std::uint64_t(r.offset), -size, size);
        p.parameters.insert(p.parameters.end(), values.begin(), values.end());
    }
    p.target = numbers(std::size_t(source.target_size) * std::size_t(batch), 99, 0, 1);
    if constexpr (requires { Loss::takes_labels; })
        if (Loss::takes_labels)
            for (double& t : p.target) t = std::floor(t * double(out) * 0.9999);
    return p;
}

/// All that a program leaves behind.
template <class T>
struct outcome {
    std::vector<T> output, loss, gradients;
    bool operator==(const outcome& other) const {
        const auto same = [](const std::vector<T>& a, const std::vector<T>& b) {
            return a.size() == b.size() &&
                   (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
        };
        return same(output, other.output) && same(loss, other.loss) && same(gradients, other.gradients);
    }
};

/// Operation by operation, each value in memory of its own; what the program holds in 16 bits is rounded to
/// `Narrow`.
template <class Program, class Narrow = double>
outcome<double> on_reference(const problem& p, double loss_scale = 1) {
    constexpr auto& g = Program::graph;
    outcome<double> o;
    o.gradients.resize(Program::training ? p.parameters.size() : 0);
    std::vector<std::vector<double>> own(std::size_t(g.value_count));
    std::vector<double*> at(own.size());
    for (std::size_t v = 0; v < own.size(); ++v) {
        const graph::value& value = g.values[v];
        own[v].resize(std::size_t(value.size) * std::size_t(value.batched ? p.batch : 1));
        at[v] = own[v].data();
        if (value.where == storage::input) at[v] = const_cast<double*>(p.x.data());
        if (value.where == storage::target) at[v] = const_cast<double*>(p.target.data());
        if (value.where == storage::parameter)
            at[v] = const_cast<double*>(p.parameters.data()) + value.offset;
        if (value.where == storage::gradient) at[v] = o.gradients.data() + value.offset;
        if (value.where == storage::loss_scale) own[v][0] = loss_scale;
    }
    const auto round = [&](int v) {
        if constexpr (!std::is_same_v<Narrow, double>) {
            if (v < 0 || g.values[std::size_t(v)].type != graph::number_type::narrow) return;
            std::vector<double>& mine = own[std::size_t(v)];
            for (std::size_t i = 0; i < mine.size(); ++i)
                mine[i] = double(float(Narrow(float(at[std::size_t(v)][i]))));
            at[std::size_t(v)] = mine.data();
        }
    };
    for (int v = 0; v < g.value_count; ++v)
        if (g.values[std::size_t(v)].where != storage::arena) round(v);
    const auto find = [&](int v) { return v < 0 ? nullptr : at[std::size_t(v)]; };
    using kernels = weft::detail::kernel_table<reference_policy<double>, Program>;
    typename reference_policy<double>::resources none(0);
    for (int i = 0; i < g.node_count; ++i) {
        const graph::node& n = g.nodes[std::size_t(i)];
        arguments<double> a;
        for (int k = 0; k < graph::max_inputs; ++k) a.in[k] = find(n.in[k]);
        for (int k = 0; k < graph::max_outputs; ++k) a.out[k] = find(n.out[k]);
        for (int k = 0; k < n.step_count; ++k) a.operand[k] = find(n.steps[k].operand);
        a.batch = graph::samples_of(n, p.batch);
        kernels::at[Program::kernels.index[std::size_t(i)]](n, a, none);
        for (int k = 0; k < graph::max_outputs; ++k) round(n.out[k]);
        for (int k = 0; k < n.step_count; ++k)
            if (n.steps[k].kind == graph::step_kind::store) round(n.steps[k].operand);
    }
    o.output = own[std::size_t(Program::source.output)];
    if (Program::training) o.loss = own[std::size_t(Program::source.loss)];
    return o;
}

template <class T>
std::vector<T> as(const std::vector<double>& x) {
    return {x.begin(), x.end()};
}

/// A twin whose threads take their turns from the last to the first: what a phase's threads do must not
/// depend on who comes first.
template <int Threads>
struct backward_block : host_block<Threads> {
    struct iterator {
        int t;
        int operator*() const { return t; }
        iterator& operator++() { return --t, *this; }
        bool operator!=(iterator other) const { return t != other.t; }
    };
    iterator begin() const { return {Threads - 1}; }
    iterator end() const { return {-1}; }
};
struct backward_twin {
    template <class Kernel>
    void launch(std::int64_t blocks, const Kernel& kernel) const {
        const auto memory = std::make_unique<typename Kernel::shared>();
        for (std::int64_t i = blocks - 1; i >= 0; --i) {
            std::memset(static_cast<void*>(memory.get()), 0xff, sizeof *memory);
            backward_block<Kernel::threads> block{{i}};
            kernel(block, *memory);
        }
    }
};

}  // namespace mlp_problems
