#pragma once

#include <memory>
#include <type_traits>

#include "golden.hpp"
#include "weft/weft.hpp"

/// Gradients by central differences, and by running the graph as it was before fusion and planning.
namespace gradients {

using policy = weft::reference_policy<double>;

/// Numbers in ±size that depend on the seed and the stream alone.
inline std::vector<double> random_numbers(std::size_t n, std::uint64_t seed, std::uint64_t stream,
                                          double size) {
    weft::random_stream draw{weft::seed{seed}, stream};
    std::vector<double> result(n);
    for (double& x : result) x = size * (2 * draw.uniform() - 1);
    return result;
}

/// Targets that suit a loss: labels below `classes`, or numbers between 0 and 1.
template <class Loss>
auto random_targets(std::size_t batch, std::size_t target_size, std::size_t classes, std::uint64_t seed) {
    const auto numbers = random_numbers(batch * target_size, seed, 2, 1);
    if constexpr (Loss::takes_labels) {
        std::vector<int> labels;
        for (double x : numbers) labels.push_back(int((x + 1) / 2 * double(classes)));
        return labels;
    } else {
        std::vector<double> targets;
        for (double x : numbers) targets.push_back((x + 1) / 2);
        return targets;
    }
}

/// A network, a loss and a batch, all from one seed.
template <auto Net, class Loss>
struct fixture {
    using model_type = weft::model<Net, policy>;
    using trainer_type = weft::trainer<model_type, Loss, weft::sgd>;
    using compiled = typename trainer_type::compiled;

    Loss loss;
    std::size_t batch;
    model_type model;
    trainer_type train;
    std::vector<double> x;
    decltype(random_targets<Loss>(0, 0, 0, 0)) y;

    fixture(const Loss& l, std::uint64_t seed, std::size_t samples)
        : loss(l),
          batch(samples),
          model(weft::seed{seed}, weft::batch_capacity{1}),
          train(model, loss, weft::sgd{}, weft::batch_capacity{int(samples)}),
          x(random_numbers(batch * model_type::input_size, seed, 1, 1.5)),
          y(random_targets<Loss>(batch, trainer_type::target_size(), model_type::output_size, seed)) {
        // Everything away from its tidy start: scales are not one and shifts not zero.
        const auto noise = random_numbers(model.parameters().size(), seed, 3, 0.3);
        for (std::size_t i = 0; i < noise.size(); ++i) model.parameters()[i] += noise[i];
    }
};

/// Each gradient (of at most 24 numbers of each parameter) is the slope between two losses.
template <class Fixture>
void match_differences(Fixture& f) {
    f.train.compute_gradients(f.x, f.y);
    const auto analytic = golden::widened(f.train.gradients());
    for (const auto& t : f.model.state()) {
        const auto& p = f.model.record(t.name);
        if (p.is_state) continue;
        const std::size_t stride = (t.data.size() + 23) / 24;
        std::vector<double> expected, got;
        for (std::size_t i = 0; i < t.data.size(); i += stride) {
            const double h = 2e-6, before = t.data[i];
            t.data[i] = before + h;
            const double above = f.train.compute_gradients(f.x, f.y);
            t.data[i] = before - h;
            const double below = f.train.compute_gradients(f.x, f.y);
            t.data[i] = before;
            expected.push_back((above - below) / (2 * h));
            got.push_back(analytic[std::size_t(p.offset) + i]);
        }
        INFO(t.name);
        CHECK(golden::difference(got, expected, 1e-2) <= 1e-6);  // of the differences, not of the rules
    }
}

/// The reference's kernels of all primitives that a program may have.
template <class Own>
struct reference_runs {
    using type = void (*)(const weft::graph::node&, const weft::arguments<double>&);
    template <class P>
    static constexpr type of = [] {
        if constexpr (weft::reference_backend::has_kernel<P>)
            return type(&weft::reference_backend::run<P, Own, double>);
        else
            return type(nullptr);
    }();
};

/// Runs a graph, each of its values in memory of its own that starts as NaN.
template <class Own, class Graph>
double interpret(const Graph& g, const weft::bindings<double>& b, int batch, std::uint64_t seed, int loss) {
    std::vector<std::vector<double>> own(std::size_t(g.value_count));
    std::vector<double*> at(own.size());
    for (std::size_t v = 0; v < own.size(); ++v) {
        const weft::graph::value& value = g.values[v];
        switch (value.where) {
            case weft::graph::storage::arena:
                own[v].assign(std::size_t(value.size) * std::size_t(value.batched ? batch : 1), NAN);
                at[v] = own[v].data();
                break;
            case weft::graph::storage::input:
                at[v] = const_cast<double*>(b.input);
                break;
            case weft::graph::storage::target:
                at[v] = const_cast<double*>(b.target);
                break;
            case weft::graph::storage::parameter:
                at[v] = b.parameters + value.offset;
                break;
            case weft::graph::storage::gradient:
                at[v] = b.gradients + value.offset;
                break;
            case weft::graph::storage::state:
                at[v] = b.state + value.offset;
                break;
            default:
                at[v] = const_cast<double*>(b.constants) + value.offset;
        }
    }
    const auto find = [&](int v) { return v < 0 ? nullptr : at[std::size_t(v)]; };
    for (int i = 0; i < g.node_count; ++i) {
        const weft::graph::node& n = g.nodes[std::size_t(i)];
        weft::arguments<double> a;
        a.batch = batch;
        a.seed = seed;
        for (int k = 0; k < weft::graph::max_inputs; ++k) a.in[k] = find(n.in[k]);
        for (int k = 0; k < weft::graph::max_outputs; ++k) a.out[k] = find(n.out[k]);
        for (int k = 0; k < n.step_count; ++k) a.operand[k] = find(n.steps[k].operand);
        weft::graph::table_of<reference_runs<Own>, Own>[n.op](n, a);
    }
    return *at[std::size_t(loss)];
}

/// The program that runs computes what the unfused graph does: loss, gradients and statistics.
template <class Fixture>
void match_unfused(Fixture& f) {
    using compiled = typename Fixture::compiled;
    const auto statistics = golden::widened(f.model.statistics());
    const double loss = f.train.compute_gradients(f.x, f.y);
    const auto statistics_after = golden::widened(f.model.statistics());

    std::vector<double> targets(f.y.begin(), f.y.end());
    std::vector<double> constants(std::size_t(compiled::source.constant_size) + 1);
    if constexpr (requires { f.loss.fill_constants(std::span<double>{}); })
        if (constants.size() > 1) f.loss.fill_constants(std::span(constants).first(constants.size() - 1));
    const auto run = [&](const char* what, const auto& graph) {
        INFO(what);
        std::vector<double> state = statistics, result(f.model.parameters().size(), NAN);
        const weft::bindings<double> b{.input = f.x.data(),
                                       .target = targets.data(),
                                       .parameters = f.model.parameters().data(),
                                       .gradients = result.data(),
                                       .state = state.data(),
                                       .constants = constants.data()};
        const double unfused_loss = interpret<typename compiled::own>(
            graph, b, int(f.batch), f.model.random_seed().value, compiled::source.loss);
        CHECK(std::abs(loss - unfused_loss) <= 1e-12 * std::abs(unfused_loss));
        CHECK(golden::difference(statistics_after, state, 1e-3) <= 1e-12);
        // What cancels (a bias before a batch norm) is noise of the size of the other gradients.
        double largest = 1e-3;
        for (double g : result) largest = std::max(largest, std::abs(g));
        for (const auto& t : f.model.state()) {
            const auto& p = f.model.record(t.name);
            if (p.is_state) continue;
            INFO(t.name);
            const std::vector<double> expected(result.begin() + p.offset,
                                               result.begin() + p.offset + p.dims.size());
            CHECK(golden::difference(f.train.gradient(t.name), expected, 0.1 * largest) <= 1e-12);
        }
    };
    run("the program before element-wise fusion", compiled::unfused);
    // Nothing but the chain rule; computed at run time, as the passes are ordinary functions.
    const auto differentiated = [] {
        return weft::graph::differentiate<weft::graph::gradient_bound(compiled::source.g)>(
            compiled::source.g, compiled::source.loss);
    };
    constexpr int batch_norms = 2 * weft::graph::expandable(compiled::source.g).operations;
    const auto expanded = [&] { return weft::graph::expand<batch_norms, 3 * batch_norms>(differentiated()); };
    const auto plain = std::make_unique<const decltype(expanded())>(expanded());
    run("the program before any fusion", *plain);
}

template <auto Net, class Loss>
void check(const std::string& name, const Loss& loss, std::uint64_t seed = 1, std::size_t batch = 3) {
    INFO(name);
    fixture<Net, Loss> f(loss, seed, batch);
    match_unfused(f);
    match_differences(f);
}

}  // namespace gradients
