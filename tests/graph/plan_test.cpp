// The arena of real networks: close to what any plan needs, and no two values that live together overlap.
#include <cstdio>

#include <weft/lang/layers/convolution.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/lang/layers/normalization.hpp>
#include <weft/lang/layers/pooling.hpp>
#include <weft/program.hpp>
#include <weft/train/loss/cross_entropy.hpp>
#include <weft/train/loss/regression.hpp>

#include "../catch.hpp"

using namespace weft;

namespace {

// clang-format 14 takes the < of a template argument list for "less" here.
// clang-format off
constexpr auto lenet = input<1, 28, 28> >> conv2d<6, kernel<5>, padding<2>> >> relu >> max_pool2d<2>
    >> conv2d<16, kernel<5>> >> relu >> max_pool2d<2>
    >> flatten >> dense<120> >> relu >> dense<84> >> relu >> dense<10>;

template <int F, int S = 1>
constexpr auto conv3 = conv2d<F, kernel<3>, stride<S>, padding<1>, no_bias> >> batch_norm;
template <int F>
constexpr auto same = residual(conv3<F> >> relu >> conv3<F>) >> relu;
template <int F>
constexpr auto down = residual(conv3<F, 2> >> relu >> conv3<F>,
                               conv2d<F, kernel<1>, stride<2>, no_bias> >> batch_norm) >> relu;
constexpr auto resnet18 = input<3, 32, 32> >> conv3<64> >> relu >> repeat<2>(same<64>)
    >> down<128> >> same<128> >> down<256> >> same<256> >> down<512> >> same<512> >> global_avg_pool >> dense<10>;

constexpr auto level2 = concat(identity, max_pool2d<2> >> conv2d<64, kernel<3>, padding<1>> >> relu >> upsample2d<2>);
constexpr auto level1 = concat(identity, max_pool2d<2> >> conv2d<32, kernel<3>, padding<1>> >> relu >> level2 >> upsample2d<2>);
constexpr auto unet = input<1, 32, 32> >> conv2d<16, kernel<3>, padding<1>> >> relu >> level1 >> conv2d<2, kernel<1>>;

constexpr auto inception = input<32, 14, 14>
    >> concat(conv2d<16, kernel<1>> >> relu,
              conv2d<8, kernel<1>> >> relu >> conv2d<16, kernel<3>, padding<1>> >> relu,
              conv2d<4, kernel<1>> >> relu >> conv2d<8, kernel<5>, padding<2>> >> relu,
              max_pool2d<3, stride<1>, padding<1>> >> conv2d<8, kernel<1>> >> relu);

// Deep enough to be planned by time alone.
constexpr auto deep = input<64> >> repeat<24>(residual(dense<48> >> relu >> dense<96> >> relu >> dense<64>)) >> dense<10>;
// clang-format on

template <class Program>
void check(const char* name) {
    const auto& g = Program::graph;
    const auto& plan = Program::plan;
    const auto& lives = Program::lifetimes;
    const double per_sample = double(plan.per_sample) / std::max(1, plan.lower_per_sample);
    std::printf("%-22s %3d operations, arena %8d per sample + %6d, lower bound %8d + %6d, ratio %.3f\n", name,
                g.node_count, plan.per_sample, plan.fixed, plan.lower_per_sample, plan.lower_fixed,
                per_sample);
    CHECK(plan.per_sample <= 1.10 * plan.lower_per_sample);
    CHECK(plan.fixed <= 1.10 * plan.lower_fixed);
    int overlaps = 0;
    for (int v = 0; v < g.value_count; ++v)
        for (int u = 0; u < v; ++u) {
            const int a = lives.block_of[std::size_t(v)], b = lives.block_of[std::size_t(u)];
            if (a < 0 || b < 0 || a == b) continue;
            const auto &x = lives.blocks[std::size_t(a)], &y = lives.blocks[std::size_t(b)];
            if (x.batched != y.batched || x.last < y.first || y.last < x.first) continue;
            const int p = plan.offset[std::size_t(v)], q = plan.offset[std::size_t(u)];
            overlaps += p < q + y.size && q < p + x.size;
        }
    CHECK(overlaps == 0);
}

template <auto Net, class Loss>
void check_both(const char* name, const char* training_name) {
    using network = std::remove_cv_t<decltype(Net)>;
    check<program<network>>(name);
    check<program<network, Loss, purpose::training>>(training_name);
}

}  // namespace

TEST_CASE("plans need at most 1.10 times what is alive at once", "[graph]") {
    check_both<lenet, softmax_cross_entropy_loss<>>("LeNet", "LeNet, training");
    check_both<resnet18, softmax_cross_entropy_loss<>>("ResNet-18", "ResNet-18, training");
    check_both<unet, mean_squared_error_loss>("U-Net", "U-Net, training");
    check_both<inception, mean_squared_error_loss>("Inception", "Inception, training");
    check_both<deep, softmax_cross_entropy_loss<>>("deep residual", "deep residual, training");
}
