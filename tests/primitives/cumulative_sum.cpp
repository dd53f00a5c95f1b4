// What add_one.py looks at: the primitive that the guide adds is fused, differentiated, explained, counted
// and planned as others are, and the conformance suite covers it.
#include <weft/weft.hpp>

#include "conformance/operations.hpp"

using namespace weft;

struct running_total_layer : layer_base {
    static constexpr const char* kind = "running_total";
    static constexpr int primitives = 1;
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.reshape(b.emit(graph::cumulative_sum{x.dims.size() / x.dims.last(), x.dims.last(), 0}, x),
                         x.dims);
    }
};
inline constexpr running_total_layer running_total{};

// clang-format off
constexpr auto net = input<3, 5> >> dense<6> >> running_total >> weft::tanh >> flatten >> dense<2>;
constexpr auto without = input<3, 5> >> dense<6> >> weft::tanh >> flatten >> dense<2>;
// clang-format on
using training = program<std::remove_cv_t<decltype(net)>, mean_squared_error_loss, purpose::training>;

TEST_CASE("an added primitive is fused") {
    constexpr auto& g = program<std::remove_cv_t<decltype(net)>>::graph;
    STATIC_REQUIRE(g.node_count == 3);
    STATIC_REQUIRE(g.nodes[1].is<graph::cumulative_sum>());
    STATIC_REQUIRE(g.nodes[1].step_count == 1);
    int backward = 0;
    for (const graph::node& n : training::graph.nodes)
        backward += n.is<graph::cumulative_sum>() && n.as<graph::cumulative_sum>().from_end;
    CHECK(backward == 1);
}

TEST_CASE("an added primitive is counted and explained") {
    STATIC_REQUIRE(flops(net) == flops(without) + 3 * 6);
    CHECK(explain<net, cpu>().find("cumulative_sum + tanh  2 running_total") != std::string::npos);
}

TEST_CASE("an added primitive has its gradient") {
    model<net, cpu_policy<double>> m{seed{1}};
    trainer train{m, mean_squared_error, sgd{}, batch_capacity{4}};
    std::vector<double> x(4 * 15), y(4 * 2);
    random_stream random(seed{2}, 0);
    for (double& v : x) v = 2 * double(random.uniform()) - 1;
    for (double& v : y) v = double(random.uniform());
    train.compute_gradients(x, y);
    const std::vector<double> gradients(train.gradients().begin(), train.gradients().end());
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        double& parameter = m.parameters()[i];
        const double before = parameter, h = 1e-5;
        parameter = before + h;
        const double above = train.compute_gradients(x, y);
        parameter = before - h;
        const double below = train.compute_gradients(x, y);
        parameter = before;
        CHECK(std::abs((above - below) / (2 * h) - gradients[i]) < 1e-8);
    }
}

namespace conformance {

template <>
struct random_problem<graph::cumulative_sum> {
    static constexpr unsigned rounds = 24;
    template <class T>
    static problem<T> make(rng& r) {
        const int rows = between(r, 1, 3), size = between(r, 1, 70);
        problem<T> p;
        p.batch = between(r, 1, 33);
        p.n = graph::make_node(graph::cumulative_sum{rows, size, between(r, 0, 1)});
        p.n.view = {1, 1, rows * size};
        p.in = {numbers<T>(r, times(p.batch, rows, size))};
        p.out = {times(p.batch, rows, size)};
        p.length = size;
        return p;
    }
};

}  // namespace conformance

TEST_CASE("an added primitive is the reference's on the cpu") {
    conformance::check_every<float>(graph::primitive_list<graph::cumulative_sum>{});
    conformance::check_every<double>(graph::primitive_list<graph::cumulative_sum>{});
}
