// Which values of mixed precision are held in 16 bits, and the memory that this leaves.
#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/program.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/loss/regression.hpp>

#include "../catch.hpp"

using namespace weft;
using graph::storage;

namespace {

// clang-format off
constexpr auto everything = input<2, 12, 12>
    >> residual(conv2d<2, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu) >> conv2d<8, kernel<3>> >> gelu
    >> concat(max_pool2d<2>, avg_pool2d<2>) >> flatten >> layer_norm >> dropout<0.2> >> dense<30> >> silu >> dense<10>;
constexpr auto small = input<7> >> dense<1> >> relu >> dense<1>;
// clang-format on

template <auto Net, class Loss, precision Precision>
using training = program<std::remove_cv_t<decltype(Net)>, Loss, purpose::training, Precision>;

constexpr bool is_narrow(const graph::value& v) { return v.type == graph::number_type::narrow; }
constexpr unsigned narrow_of(const graph::number_types& t) { return t.mask_of(graph::number_type::narrow); }

/// The rules that kernels rely on, and memory that no two values share at one time.
template <class Program>
void check() {
    const auto& g = Program::graph;
    const auto narrow = [&](int v) { return is_narrow(g.values[std::size_t(v)]); };
    for (int i = 0; i < g.node_count; ++i) {
        const graph::node& n = g.nodes[std::size_t(i)];
        CAPTURE(i, int(n.op));
        for (int k = 0; k < graph::max_inputs; ++k)
            CHECK((narrow_of(n.in_types()) >> k & 1) == (n.in[k] >= 0 && narrow(n.in[k])));
        for (int k = 0; k < graph::max_outputs; ++k)
            CHECK((narrow_of(n.out_types()) >> k & 1) == (n.out[k] >= 0 && narrow(n.out[k])));
        for (int k = 0; k < n.step_count; ++k)
            CHECK((narrow_of(n.operand_types()) >> k & 1) ==
                  (n.steps[k].operand >= 0 && narrow(n.steps[k].operand)));
        if (n.has(graph::multiplies)) CHECK((narrow_of(n.in_types()) & 3) == 3);
        if (n.is<graph::gemm_weights>() || n.is<graph::conv2d_weights>())
            CHECK(narrow_of(n.out_types()) == 0);
        if (n.is<graph::layer_norm>()) CHECK((narrow_of(n.out_types()) & 2) == 0);
        if (n.is<graph::batch_norm_stats>()) CHECK(narrow_of(n.out_types()) == 0);
    }
    for (int v = 0; v < g.value_count; ++v) {
        const graph::value& value = g.values[std::size_t(v)];
        if (value.where == storage::gradient || value.where == storage::state ||
            value.where == storage::target)
            CHECK_FALSE(is_narrow(value));
        if (is_narrow(value) && value.where == storage::arena) CHECK(value.batched);
    }
    CHECK_FALSE(narrow(Program::source.output));
    CHECK_FALSE(narrow(Program::source.loss));

    const auto& lives = Program::lifetimes;
    const auto& plan = Program::plan;
    for (int v = 0; v < g.value_count; ++v)
        for (int u = 0; u < v; ++u) {
            const int a = lives.block_of[std::size_t(v)], b = lives.block_of[std::size_t(u)];
            if (a < 0 || b < 0) continue;
            const auto &x = lives.blocks[std::size_t(a)], &y = lives.blocks[std::size_t(b)];
            const auto &p = g.values[std::size_t(v)], &q = g.values[std::size_t(u)];
            if (x.batched != y.batched || (a != b && (x.last < y.first || y.last < x.first))) continue;
            const int at = plan.offset[std::size_t(v)], other = plan.offset[std::size_t(u)];
            CAPTURE(v, u, at, other);
            if (a == b)  // one in place of the other: of the same kind
                CHECK((at == other && p.type == q.type && p.size == q.size));
            else
                CHECK((at + graph::room_of(p) <= other || other + graph::room_of(q) <= at));
        }
}

}  // namespace

TEST_CASE("mixed precision holds what layers compute in 16 bits", "[graph][narrow]") {
    using mixed = training<everything, softmax_cross_entropy_loss<>, precision::mixed>;
    using full = training<everything, softmax_cross_entropy_loss<>, precision::full>;
    check<mixed>();
    check<training<everything, mean_squared_error_loss, precision::scaled>>();
    check<training<small, mean_squared_error_loss, precision::mixed>>();
    CHECK(mixed::plan.per_sample < 0.6 * full::plan.per_sample);
    CHECK(mixed::graph.node_count == full::graph.node_count);
    for (int v = 0; v < full::graph.value_count; ++v)
        CHECK_FALSE(is_narrow(full::graph.values[std::size_t(v)]));
    CHECK(graph::has_narrow(mixed::graph, storage::input));
    CHECK(graph::has_narrow(mixed::graph, storage::parameter));
}

TEST_CASE("a scaled loss starts its gradients from a number in memory", "[graph][narrow]") {
    using scaled = training<everything, softmax_cross_entropy_loss<>, precision::scaled>;
    using mixed = training<everything, softmax_cross_entropy_loss<>, precision::mixed>;
    const auto readers = [](const auto& g) {
        int count = 0;
        for (int i = 0; i < g.node_count; ++i) {
            const graph::value_list in = graph::reads(g.nodes[std::size_t(i)]);
            for (int k = 0; k < in.count; ++k)
                count += g.values[std::size_t(in.id[k])].where == storage::loss_scale;
        }
        return count;
    };
    CHECK(readers(scaled::graph) > 0);
    CHECK(readers(mixed::graph) == 0);
    // Predictions and scores know no scale.
    using predicting = program<std::remove_cv_t<decltype(everything)>, graph::no_loss, purpose::inference,
                               precision::scaled>;
    CHECK(readers(predicting::graph) == 0);
    CHECK_FALSE(predicting::scaled);
}

TEST_CASE("values have the room that their types take", "[graph][narrow]") {
    using graph::number_type, graph::room_of;
    CHECK(room_of({.size = 7}) == 7);
    CHECK(room_of({.type = number_type::narrow, .size = 7}) == 4);
    CHECK(room_of({.type = number_type::whole, .size = 7}) == 7);
    graph::number_types types;
    types.set(3, number_type::whole);
    types.set(11, number_type::narrow);
    types.set(3, number_type::narrow);
    types.set(0, number_type::whole);
    CHECK(types[0] == number_type::whole);
    CHECK(types[1] == number_type::real);
    CHECK(types.mask_of(number_type::narrow) == 0b1000'0000'1000);
    CHECK(types.mask_of(number_type::whole) == 1);
}
