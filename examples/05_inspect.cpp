// Looking inside: the table of layers, the graph, and the operations that are left after fusion.
#include <weft/weft.hpp>

#include <cstdio>

using namespace weft;

// clang-format off
constexpr auto net = input<1, 12, 12>
    >> conv2d<8, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<8, kernel<3>, padding<1>> >> relu)
    >> max_pool2d<2> >> flatten >> named<"head">(dense<10>);
// clang-format on

// Known to the compiler; so is all that follows.
static_assert(flops(net) == 200'458);
static_assert(boost::hana::at_c<4>(shapes(net)) == shape<8, 6, 6>{});

int main() {
    std::puts(summary(net, softmax_cross_entropy).c_str());
    std::puts("Predictions:");
    std::puts(explain<net, cpu>().c_str());
    std::puts("A step of training, for a batch of 64:");
    std::puts(explain<net, cpu, decltype(softmax_cross_entropy)>(64).c_str());
    std::puts("The graph, for Graphviz (dot -Tsvg):");
    std::puts(dot(net).c_str());
}
