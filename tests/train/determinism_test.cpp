/// Same seed, same bits: in every run, for every number of threads and for every capacity.

#include <cstring>

#include "../catch.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<3, 12, 12> >> conv2d<16, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<16, kernel<3>, padding<1>> >> batch_norm >> relu >> dropout<0.2>) >> max_pool2d<2>
    >> conv2d<24, kernel<3>> >> gelu >> flatten >> layer_norm >> dropout<0.3> >> dense<40> >> relu >> dense<5>;
// clang-format on

struct numbers {
    std::vector<float> x;
    std::vector<int> y;

    explicit numbers(std::size_t samples) : x(samples * 432), y(samples) {
        random_stream draw{seed{11}, 5};
        for (float& v : x) v = 2 * draw.uniform() - 1;
        for (int& v : y) v = int(draw.below(5));
    }
};

/// All that training leaves behind: parameters, statistics and the losses of 20 steps.
template <int Threads>
std::vector<float> train_with(seed s, std::size_t batch, int capacity) {
    static const numbers data(64);
    model<net, cpu_policy<float, threads<Threads>>> m{s};
    trainer train{m, softmax_cross_entropy, adam{.learning_rate = 3e-3f}, batch_capacity{capacity}};
    train.clip(clip_by_norm{1.f});
    std::vector<float> result;
    for (std::size_t step = 0; step < 20; ++step) {
        const std::size_t first = (step * 7) % (64 - batch + 1);
        result.push_back(train.step(std::span(data.x).subspan(first * 432, batch * 432),
                                    std::span(data.y).subspan(first, batch)));
    }
    const auto p = m.parameters();
    const auto s2 = m.statistics();
    result.insert(result.end(), p.begin(), p.end());
    result.insert(result.end(), s2.begin(), s2.end());
    return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("training gives the same bits for every number of threads", "[train][determinism]") {
    const auto one = train_with<1>(seed{1}, 33, 33);
    for (float v : one) REQUIRE(std::isfinite(v));
    CHECK(one[19] < one[0]);  // it does learn
    CHECK(same_bits(one, train_with<1>(seed{1}, 33, 33)));
    CHECK(same_bits(one, train_with<2>(seed{1}, 33, 33)));
    CHECK(same_bits(one, train_with<3>(seed{1}, 33, 33)));
    CHECK(same_bits(one, train_with<4>(seed{1}, 33, 33)));
    CHECK_FALSE(same_bits(one, train_with<1>(seed{2}, 33, 33)));
}

TEST_CASE("a batch gives the same bits in any capacity", "[train][determinism]") {
    const auto tight = train_with<1>(seed{1}, 5, 5);
    CHECK(same_bits(tight, train_with<1>(seed{1}, 5, 64)));
    CHECK(same_bits(tight, train_with<3>(seed{1}, 5, 17)));
}

TEST_CASE("a sample's prediction does not depend on its batch", "[train][determinism]") {
    const numbers data(64);
    model<net, cpu> m{seed{4}, batch_capacity{64}};
    model<net, cpu_policy<float, threads<3>>> threaded{seed{4}, batch_capacity{16}};
    std::vector<float> all(64 * 5), other(64 * 5), alone(5);
    m.predict(data.x, all);
    threaded.predict(data.x, other);
    CHECK(same_bits(all, other));
    // Alone, a sample goes through kernels for few rows, which add in another order.
    for (std::size_t i = 0; i < 64; i += 9) {
        m.predict(std::span(data.x).subspan(i * 432, 432), alone);
        for (std::size_t k = 0; k < 5; ++k)
            CHECK(alone[k] == Approx(all[i * 5 + k]).epsilon(1e-5).margin(1e-6));
    }
}
