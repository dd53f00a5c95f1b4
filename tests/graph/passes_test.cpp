// Each pass, before and after, on small graphs.
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/program.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/loss/regression.hpp>

#include "../catch.hpp"

using namespace weft;
using graph::function;
using graph::operand_mode;
using graph::step_kind;

namespace {

template <class Op, class Graph>
constexpr int count(const Graph& g) {
    int n = 0;
    for (int i = 0; i < g.node_count; ++i) n += g.nodes[std::size_t(i)].template is<Op>();
    return n;
}
template <class Op, class Graph>
constexpr const graph::node& find(const Graph& g, int skip = 0) {
    for (int i = 0; i < g.node_count; ++i)
        if (g.nodes[std::size_t(i)].template is<Op>() && skip-- == 0) return g.nodes[std::size_t(i)];
    throw "no such operation";
}
constexpr bool has_steps(const graph::node& n, std::initializer_list<step_kind> kinds) {
    int i = 0;
    for (step_kind k : kinds)
        if (i >= n.step_count || n.steps[i++].kind != k) return false;
    return i == n.step_count;
}
template <class Graph>
constexpr bool runs_in_order(const Graph& g) {  // every value is written before it is read, and only once
    std::array<int, Graph::value_capacity> written{};
    for (int i = 0; i < g.node_count; ++i) {
        const graph::value_list in = graph::reads(g.nodes[std::size_t(i)]),
                                out = graph::writes(g.nodes[std::size_t(i)]);
        for (int k = 0; k < in.count; ++k) {
            const auto where = g.values[std::size_t(in.id[k])].where;
            if ((where == graph::storage::arena || where == graph::storage::gradient) &&
                written[std::size_t(in.id[k])] != 1)
                return false;
        }
        for (int k = 0; k < out.count; ++k)
            if (++written[std::size_t(out.id[k])] != 1) return false;
    }
    return true;
}

template <auto Net, class Loss>
using training = program<std::remove_cv_t<decltype(Net)>, Loss, purpose::training>;
template <auto Net>
using inference = program<std::remove_cv_t<decltype(Net)>>;

// clang-format 14 takes the < of a template argument list for "less" in expressions such as these.
// clang-format off
constexpr auto mlp = input<5> >> dense<4> >> relu >> dense<3>;
constexpr auto conv_bn = input<2, 6, 6> >> conv2d<3, kernel<3>, no_bias> >> batch_norm >> relu >> max_pool2d<2>;
constexpr auto conv_bn_head = conv_bn >> flatten >> dense<2>;
constexpr auto skip = input<4> >> dense<4> >> residual(gelu >> dense<4>) >> dense<2>;
constexpr auto chain4 = input<8> >> relu >> sigmoid >> softplus >> weft::tanh;
constexpr auto branches = input<1, 4, 4> >> conv2d<2, kernel<3>, padding<1>>
    >> concat(relu, max_pool2d<3, stride<1>, padding<1>> >> sigmoid);
constexpr auto branches_head = branches >> flatten >> dense<1>;
constexpr auto dropped = input<3> >> dropout<0.5> >> dense<2>;
constexpr auto chain25 = input<8> >> repeat<25>(weft::tanh);
// clang-format on

}  // namespace

TEST_CASE("lowering writes one primitive after the other", "[graph]") {
    constexpr auto& g = inference<mlp>::source.g;
    static_assert(g.node_count == 5 && count<graph::gemm>(g) == 2 && count<graph::elementwise>(g) == 3);
    static_assert(inference<mlp>::source.parameter_size == 5 * 4 + 4 + 4 * 3 + 3);
    static_assert(std::string_view(inference<mlp>::source.parameters[2].name) == "2.weight");
    static_assert(runs_in_order(g));
    STATIC_REQUIRE(g.nodes[0].as<graph::gemm>().outs == 4);
}

TEST_CASE("bias and activation end the product", "[graph]") {
    constexpr auto& g = inference<mlp>::graph;
    static_assert(g.node_count == 2);
    static_assert(has_steps(g.nodes[0], {step_kind::add, step_kind::apply}));
    static_assert(g.nodes[0].steps[0].mode == operand_mode::channel &&
                  g.nodes[0].steps[1].fn == function::relu);
    static_assert(has_steps(g.nodes[1], {step_kind::add}));
    STATIC_REQUIRE(runs_in_order(g));
}

TEST_CASE("differentiation adds the gradient of every parameter, and of nothing else", "[graph]") {
    using p = training<mlp, mean_squared_error_loss>;
    constexpr auto& g = p::unfused;
    static_assert(count<graph::gemm_weights>(g) == 2);
    static_assert(count<graph::gemm_data>(g) == 1, "the input needs no gradient");
    int gradients = 0;
    for (int i = 0; i < g.value_count; ++i)
        if (g.values[std::size_t(i)].where == graph::storage::gradient)
            gradients += g.values[std::size_t(i)].size;
    CHECK(gradients == p::source.parameter_size);
    STATIC_REQUIRE(runs_in_order(g));
}

TEST_CASE("the backward pass fuses as the forward pass does", "[graph]") {
    constexpr auto& g = training<mlp, softmax_cross_entropy_loss<>>::graph;
    // the slope of relu ends the product that carries the gradient back, and bias gradients ride along
    static_assert(has_steps(find<graph::gemm_data>(g), {step_kind::slope_from_y}));
    static_assert(find<graph::gemm_weights>(g, 0).out[1] >= 0 && find<graph::gemm_weights>(g, 1).out[1] >= 0);
    static_assert(count<graph::reduce>(g) == 1, "only the mean of the loss is left");
    STATIC_REQUIRE(runs_in_order(g));
}

TEST_CASE("softmax and cross-entropy become one operation", "[graph]") {
    using p = training<mlp, softmax_cross_entropy_loss<>>;
    static_assert(count<graph::log_softmax>(p::source.g) == 1 && count<graph::pick_nll>(p::source.g) == 1);
    static_assert(count<graph::log_softmax>(p::graph) == 0 && count<graph::softmax_xent>(p::graph) == 1);
    static_assert(count<graph::softmax_xent_grad>(p::graph) == 1 &&
                  count<graph::log_softmax_grad>(p::graph) == 0);
    STATIC_REQUIRE(find<graph::softmax_xent_grad>(p::graph).in[1] ==
                   find<graph::softmax_xent>(p::graph).out[2]);
}

TEST_CASE("batch norm folds into the convolution before it in inference", "[graph]") {
    using p = inference<conv_bn>;
    static_assert(count<graph::batch_norm>(p::source.g) == 1);
    static_assert(p::graph.node_count == 3);
    static_assert(p::graph.nodes[0].is<graph::batch_norm_coeffs>());
    static_assert(has_steps(p::graph.nodes[1], {step_kind::multiply, step_kind::add, step_kind::apply}));
    STATIC_REQUIRE(p::graph.nodes[2].is<graph::max_pool2d>());
}

TEST_CASE("batch norm in training keeps its statistics", "[graph]") {
    using p = training<conv_bn_head, mean_squared_error_loss>;
    constexpr auto& g = p::graph;
    static_assert(count<graph::batch_norm>(g) == 0 && count<graph::batch_norm_stats>(g) == 1 &&
                  count<graph::batch_norm_sums>(g) == 1);
    STATIC_REQUIRE(runs_in_order(g));
}

TEST_CASE("the residual sum ends the branch, and what the backward pass reads is stored on the way",
          "[graph]") {
    static_assert(has_steps(find<graph::gemm>(inference<skip>::graph, 1), {step_kind::add, step_kind::add}));
    constexpr auto& g = training<skip, mean_squared_error_loss>::graph;
    constexpr auto& first = find<graph::gemm>(g, 0);  // bias, then gelu, whose argument the slope needs
    STATIC_REQUIRE(has_steps(first, {step_kind::add, step_kind::store, step_kind::apply}));
    STATIC_REQUIRE(runs_in_order(g));
}

TEST_CASE("chains of elementwise operations become one", "[graph]") {
    static_assert(inference<chain4>::source.g.node_count == 4);
    STATIC_REQUIRE(inference<chain4>::graph.node_count == 1);
    STATIC_REQUIRE(inference<chain4>::graph.nodes[0].step_count == 4);
}

TEST_CASE("a host does not move past a reader of its result", "[graph]") {
    // max_pool2d reads the convolution before the branches are joined
    STATIC_REQUIRE(runs_in_order(inference<branches>::graph));
    STATIC_REQUIRE(runs_in_order(training<branches_head, mean_squared_error_loss>::graph));
}

TEST_CASE("what no result depends on is removed", "[graph]") {
    static_assert(count<graph::elementwise>(training<dropped, mean_squared_error_loss>::source.g) > 0);
    STATIC_REQUIRE(inference<dropped>::graph.node_count == 1);  // dropout is nothing in inference
}

TEST_CASE("steps that would not fit stay apart", "[graph]") {
    constexpr auto& g = inference<chain25>::graph;
    int steps = 0;
    for (int i = 0; i < g.node_count; ++i) steps += g.nodes[std::size_t(i)].step_count;
    CHECK(steps == 25);
    STATIC_REQUIRE(g.node_count == 3);
}
