// Blocks are values: they compose before they meet an input. ResNet for 32 x 32 images (He et al., 2015), its
// table, and a few training steps of a small relative on made-up images.
#include <weft/weft.hpp>

#include <cstdio>
#include <vector>

using namespace weft;

// clang-format off
template <int Channels, int Stride = 1>
constexpr auto conv3 = conv2d<Channels, kernel<3>, stride<Stride>, padding<1>, no_bias> >> batch_norm;

template <int Channels>
constexpr auto same = residual(conv3<Channels> >> relu >> conv3<Channels>) >> relu;

template <int Channels>
constexpr auto down = residual(conv3<Channels, 2> >> relu >> conv3<Channels>,
                               conv2d<Channels, kernel<1>, stride<2>, no_bias> >> batch_norm) >> relu;

constexpr auto resnet18 = input<3, 32, 32> >> conv3<64> >> relu
    >> repeat<2>(same<64>)
    >> down<128> >> same<128> >> down<256> >> same<256> >> down<512> >> same<512>
    >> global_avg_pool >> named<"head">(dense<10>);

constexpr auto small = input<3, 16, 16> >> conv3<8> >> relu >> same<8> >> down<16> >> same<16>
    >> global_avg_pool >> named<"head">(dense<4>);
// clang-format on

static_assert(parameter_count(resnet18) == 11'173'962);

/// Images of one of four colours and textures, with noise.
void make_images(std::vector<float>& x, std::vector<int>& y, random_stream& random) {
    for (std::size_t i = 0; i < y.size(); ++i) {
        y[i] = int(random.below(4));
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t p = 0; p < 256; ++p) {
                const bool stripe = (y[i] < 2 ? p % 16 : p / 16) % 4 < 2, bright = int(c) == y[i] % 2;
                x[(3 * i + c) * 256 + p] = (stripe && bright ? 1.f : 0.f) + random.uniform() - 0.5f;
            }
    }
}

int main() {
    std::puts(summary(resnet18).c_str());

    model<small, cpu> net{seed{1}};
    trainer train{net, softmax_cross_entropy, sgd{.learning_rate = 0.05f, .momentum = 0.9f}, batch_capacity{32}};
    std::vector<float> x(32 * 3 * 256);
    std::vector<int> y(32);
    random_stream random(seed{1}, 0);
    float loss = 0;
    for (int step = 1; step <= 40; ++step) {
        make_images(x, y, random);
        loss = train.step(x, y);
        if (step % 10 == 0) std::printf("step %d  loss %.4f\n", step, double(loss));
    }
    return loss < 0.2f ? 0 : 1;
}
