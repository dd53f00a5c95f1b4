// Masks of relu, which the product that ends in it leaves for the one that multiplies by its slope.
#include <weft/backend/cuda/passes/relu_mask.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/program.hpp>
#include <weft/train/loss/cross_entropy.hpp>

#include "../catch.hpp"

using namespace weft;
using graph::function;
using graph::operand_mode;
using graph::step_kind;

namespace {

// clang-format off
constexpr auto deep = input<2, 5> >> dense<128> >> relu >> dense<130, no_bias> >> relu >> dense<7> >> relu >> flatten
    >> dense<3>;
constexpr auto without = input<9> >> dense<8> >> gelu >> dense<8> >> relu >> layer_norm >> dense<3>;
constexpr auto twice = input<9> >> dense<8> >> relu >> residual(dense<8>) >> dense<3>;
// clang-format on

struct plain_policy {};
struct masking_policy {
    using passes = cuda_backend::relu_mask_passes<true>;
};
struct mixed_masking_policy : masking_policy {
    static constexpr precision numbers = precision::mixed;
};

template <auto Net, class Policy, purpose Purpose = purpose::training>
using program_of = program_for<
    Policy, std::remove_cv_t<decltype(Net)>,
    std::conditional_t<Purpose == purpose::inference, graph::no_loss, softmax_cross_entropy_loss<>>, Purpose>;

template <class Graph>
std::vector<int> masks_of(const Graph& g) {
    std::vector<int> masks;
    for (int i = 0; i < g.node_count; ++i)
        if (const graph::node& n = g.nodes[std::size_t(i)]; n.is<graph::gemm>() && n.out[1] >= 0)
            masks.push_back(n.out[1]);
    return masks;
}
template <class Graph>
std::vector<int> readers_of(const Graph& g, int mask) {
    std::vector<int> readers;
    for (int i = 0; i < g.node_count; ++i)
        if (graph::reads(g.nodes[std::size_t(i)]).contains(mask)) readers.push_back(i);
    return readers;
}

template <class Program>
void check_deep() {
    const auto& g = Program::graph;
    const std::vector<int> masks = masks_of(g);
    REQUIRE(masks.size() == 3);
    const int sizes[] = {2 * 4, 2 * 8, 2 * 4};  // two rows of whole 128 bits
    for (std::size_t m = 0; m < 3; ++m) {
        const graph::value& mask = g.values[std::size_t(masks[m])];
        CHECK(mask.where == graph::storage::arena);
        CHECK(mask.batched);
        CHECK_FALSE(mask.type == graph::number_type::narrow);
        CHECK(mask.size == sizes[m]);
        const std::vector<int> readers = readers_of(g, masks[m]);
        REQUIRE(readers.size() == 1);
        const graph::node& n = g.nodes[std::size_t(readers[0])];
        CHECK(n.is<graph::gemm_data>());
        CHECK(n.in[2] == masks[m]);
        CHECK(n.in_types()[2] == graph::number_type::real);
        // The mask is that of the result whose slope is taken, and lives until then.
        const int y = n.steps[0].operand;
        const auto& lives = Program::lifetimes;
        const auto& block = lives.blocks[std::size_t(lives.block_of[std::size_t(masks[m])])];
        CHECK(g.nodes[std::size_t(block.first)].out[0] == y);
        CHECK(g.nodes[std::size_t(block.first)].out[1] == masks[m]);
        CHECK(block.last == readers[0]);
        CHECK(block.size == mask.size);
    }
}

}  // namespace

TEST_CASE("a dense layer's relu leaves a mask where a product multiplies by its slope", "[cuda][relu_mask]") {
    using masked = program_of<deep, masking_policy>;
    using plain = program_of<deep, plain_policy>;
    check_deep<masked>();
    check_deep<program_of<deep, mixed_masking_policy>>();
    CHECK(masked::graph.node_count == plain::graph.node_count);
    CHECK(masked::kernels.count == plain::kernels.count);
    CHECK(masked::graph.value_count == plain::graph.value_count + 3);
    CHECK(masks_of(plain::graph).empty());
}

TEST_CASE("what takes no mask is as it was", "[cuda][relu_mask]") {
    const auto same = [](const auto& got, const auto& want) {
        CHECK(got.value_count == want.value_count);
        CHECK(got.value_capacity == want.value_capacity);
        CHECK(masks_of(got).empty());
    };
    // Relu's slope follows another operation, or another step.
    same(program_of<without, masking_policy>::graph, program_of<without, plain_policy>::graph);
    same(program_of<twice, masking_policy>::graph, program_of<twice, plain_policy>::graph);
    // Predictions and scores keep none, and other policies' programs are those without the pass.
    using net = std::remove_cv_t<decltype(deep)>;
    STATIC_REQUIRE(std::is_same_v<program_of<deep, masking_policy, purpose::inference>, program<net>>);
    STATIC_REQUIRE(std::is_same_v<program_of<deep, masking_policy, purpose::evaluation>,
                                  program<net, softmax_cross_entropy_loss<>, purpose::evaluation>>);
    STATIC_REQUIRE(std::is_same_v<program_of<deep, plain_policy>,
                                  program<net, softmax_cross_entropy_loss<>, purpose::training>>);
}

TEST_CASE("a result of relu that is kept on the way has a mask, for all that ask for its slope",
          "[cuda][relu_mask]") {
    graph::graph<4, 12> g;
    for (int v = 0; v < 12; ++v) g.add_value({.size = 40});
    graph::node forward = graph::make_node(graph::gemm{{1, 40, 40}}, 0, 1);
    forward.out[0] = 3;
    forward.add_step({.kind = step_kind::add, .mode = operand_mode::channel, .operand = 2});
    forward.add_step({.kind = step_kind::apply, .fn = function::relu});
    forward.add_step({.kind = step_kind::store, .operand = 4});
    forward.add_step({.kind = step_kind::apply, .fn = function::square});
    g.add_node(forward);
    for (int k = 0; k < 3; ++k) {
        graph::node backward = graph::make_node(graph::gemm_data{{1, 40, 40}}, 5, 6);
        backward.out[0] = std::int16_t(7 + k);
        if (k == 2) backward.add_step({.kind = step_kind::scale});
        backward.add_step({.kind = step_kind::slope_from_y, .fn = function::relu, .operand = 4});
        g.add_node(backward);
    }
    const auto masked = cuda_backend::find_relu_masks(g);
    REQUIRE(masked.count == 1);
    const auto with = cuda_backend::with_relu_masks<1>(g, masked);
    CHECK(with.nodes[0].out[1] == 12);
    CHECK(with.nodes[1].in[2] == 12);
    CHECK(with.nodes[2].in[2] == 12);
    CHECK(with.nodes[3].in[2] == -1);
    CHECK(with.values[12].size == 4);

    auto other = g;  // of another step's result there is none
    other.nodes[0].steps[2].kind = step_kind::add;
    CHECK(cuda_backend::find_relu_masks(other).count == 0);
    other = g;
    other.nodes[0].steps[1].fn = function::gelu;
    CHECK(cuda_backend::find_relu_masks(other).count == 0);
}
