// A training step of ResNet-18 in its CIFAR form: 11.2 million parameters, 203 operations before fusion.
#include <vector>
#include <weft/weft.hpp>

using namespace weft;
template <int F, int S = 1>
constexpr auto conv3 = conv2d<F, kernel<3>, stride<S>, padding<1>, no_bias> >> batch_norm;
template <int F>
constexpr auto same = residual(conv3<F> >> relu >> conv3<F>) >> relu;
template <int F>
constexpr auto down = residual(conv3<F, 2> >> relu >> conv3<F>, conv2d<F, kernel<1>, stride<2>, no_bias> >> batch_norm) >> relu;
constexpr auto resnet18 = input<3, 32, 32> >> conv3<64> >> relu >> repeat<2>(same<64>) >> down<128> >> same<128> >>
                          down<256> >> same<256> >> down<512> >> same<512> >> global_avg_pool >> dense<10>;

int main() {
    model<resnet18, cpu> net{seed{1}, batch_capacity{8}};
    trainer train{net, softmax_cross_entropy, sgd{.learning_rate = 0.05f}, batch_capacity{8}};
    const std::vector<float> x(8 * 3 * 32 * 32, 0.5f);
    const std::vector<int> y(8, 3);
    return int(train.step(x, y));
}
