// Training in mixed precision, on the twin: float parameters, what layers compute in float16 or bfloat16.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <vector>
#include <weft/cuda.hpp>
#include <weft/weft.hpp>

#include "catch.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto dense_chain = input<20> >> dense<64> >> silu >> dense<24, no_bias> >> gelu >> dense<5>;
constexpr auto wide = input<20> >> dense<160> >> relu >> dense<24> >> gelu >> dense<5>;
constexpr auto image = input<2, 8, 8>
    >> conv2d<8, kernel<3>, padding<1>, no_bias> >> batch_norm >> silu >> avg_pool2d<2>
    >> residual(conv2d<8, kernel<3>, padding<1>> >> silu) >> flatten >> layer_norm >> dense<10>;
// clang-format on

template <class T>
std::vector<T> random_numbers(std::size_t count, unsigned seed, double low = -1, double high = 1) {
    std::mt19937 r(seed);
    std::uniform_real_distribution<double> d(low, high);
    std::vector<T> x(count);
    for (T& v : x) v = T(d(r));
    return x;
}
std::vector<int> labels(std::size_t count, unsigned classes) {
    std::vector<int> y(count);
    for (std::size_t i = 0; i < count; ++i) y[i] = int(i * 7 % classes);
    return y;
}
bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}
/// |a - b| beside |b|, all together.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference += std::pow(double(a[i]) - double(b[i]), 2);
        size += std::pow(double(b[i]), 2);
    }
    return std::sqrt(difference / size);
}

/// Loss and gradients beside those in float.
template <auto Net, class Narrow>
void check_gradients() {
    constexpr std::size_t batch = 12;
    using float_model = model<Net, cuda_twin>;
    float_model exact(seed{3}, batch_capacity{16});
    auto mixed = to<cuda_twin_with<Narrow>>(exact, batch_capacity{16});
    trainer a(exact, softmax_cross_entropy, adam{}, batch_capacity{16});
    trainer b(mixed, softmax_cross_entropy, adam{}, batch_capacity{16});
    const auto x = random_numbers<float>(batch * float_model::input_size, 1);
    const auto y = labels(batch, unsigned(float_model::output_size));
    const float want = a.compute_gradients(x, y), got = b.compute_gradients(x, y);
    CAPTURE(Narrow::name, want, got, distance(b.gradients(), a.gradients()));
    CHECK(got != want);
    CHECK(std::abs(got - want) < 4 * Narrow::epsilon);
    CHECK(distance(b.gradients(), a.gradients()) < 6 * Narrow::epsilon);

    std::vector<float> p(batch * float_model::output_size), q(p.size());
    exact.predict(x, p);
    mixed.predict(x, q);
    CHECK(distance(q, p) < 4 * Narrow::epsilon);
}

/// A model of float16 precision whose gradients overflow until the scale has fallen.
auto overflowing() {
    model<wide, cpu> host(seed{4});
    for (float& w : host.parameter("4.weight")) w *= 400;
    return to<cuda_twin_with<float16>>(host, batch_capacity{16});
}

}  // namespace

TEST_CASE("gradients in 16 bits are those in float but for rounding", "[cuda][mixed]") {
    check_gradients<wide, float16>();
    check_gradients<wide, bfloat16>();
    using whole = program_for<cuda_twin_with<float16>, std::remove_const_t<decltype(dense_chain)>,
                              softmax_cross_entropy_loss<>, purpose::training>;
    STATIC_REQUIRE(cuda_twin_with<float16>::runs_whole<whole>());
    check_gradients<dense_chain, float16>();
    check_gradients<dense_chain, bfloat16>();
    check_gradients<image, float16>();
    check_gradients<image, bfloat16>();
}

TEST_CASE("training in 16 bits learns as in float", "[cuda][mixed]") {
    constexpr std::size_t batch = 16;
    const auto x = random_numbers<float>(batch * 20, 2);
    const auto y = labels(batch, 5);
    const auto losses = [&]<class Policy>() {
        model<wide, Policy> m(seed{1}, batch_capacity{16});
        trainer t(m, softmax_cross_entropy, adam{.learning_rate = 3e-3f}, batch_capacity{16});
        float last = 0;
        for (int i = 0; i < 40; ++i) last = t.step(x, y);
        CHECK(t.steps() == 40);
        CHECK(t.skipped_steps() == 0);
        return last;
    };
    const float exact = losses.template operator()<cuda_twin>();
    CHECK(exact < 0.2f);
    CHECK(std::abs(losses.template operator()<cuda_twin_with<float16>>() - exact) < 0.02f);
    CHECK(std::abs(losses.template operator()<cuda_twin_with<bfloat16>>() - exact) < 0.06f);
}

TEST_CASE("the scale doubles after clean updates and halves where gradients overflow", "[cuda][mixed]") {
    device::loss_scale scale;
    CHECK(scale.now == 65536);
    for (int i = 0; i < 1999; ++i) scale.follow(true);
    CHECK(scale.now == 65536);
    scale.follow(true);
    CHECK((scale.now == 131072 && scale.before == 65536));
    for (int i = 0; i < 1999; ++i) scale.follow(true);
    scale.follow(false);
    CHECK((scale.now == 65536 && scale.clean == 0 && scale.may_fall()));
    for (int i = 0; i < 40; ++i) scale.follow(false);
    CHECK((scale.now == 1 && !scale.may_fall()));
    scale.now = device::loss_scale::most;
    for (int i = 0; i < 4000; ++i) scale.follow(true);
    CHECK(scale.now == device::loss_scale::most);
}

TEST_CASE("a step whose gradients overflow changes nothing but the scale", "[cuda][mixed]") {
    auto m = overflowing();
    const auto before = m.on_host();
    trainer t(m, softmax_cross_entropy, adam{}, batch_capacity{16});
    CHECK(t.loss_scale() == 65536);
    const auto x = random_numbers<float>(20, 6);
    const auto y = labels(1, 5);
    t.step(x, y);
    REQUIRE(t.skipped_steps() == 1);
    CHECK(t.steps() == 1);
    CHECK(t.loss_scale() == 32768);
    const auto after = t.on_host();
    CHECK(std::memcmp(after.model.parameters().data(), before.parameters().data(),
                      before.parameters().size_bytes()) == 0);
    CHECK(after.slots == std::vector<float>(after.slots.size(), 0.0f));
    // It goes on falling until they fit, and then trains as if nothing had been.
    int turns = 1;
    while (t.skipped_steps() == t.steps() && ++turns < 40) t.step(x, y);
    REQUIRE(t.skipped_steps() == t.steps() - 1);
    CHECK(t.loss_scale() == std::ldexp(65536.f, -int(t.skipped_steps())));
    auto fresh = overflowing();
    trainer straight(fresh, softmax_cross_entropy, adam{}, batch_capacity{16});
    auto settings = straight.on_host();
    settings.counters.loss_scale[0] = t.loss_scale();
    straight.assign(settings);
    straight.step(x, y);
    CHECK(same_bits(t.on_host().slots, straight.on_host().slots));
    CHECK(same_bits(t.gradients(), straight.gradients()));
}

TEST_CASE("what no scale helps against is an error that says where", "[cuda][mixed]") {
    model<wide, cpu> host(seed{4});
    for (float& w : host.parameter("0.weight")) w *= 1e6f;
    auto m = to<cuda_twin_with<float16>>(host, batch_capacity{16});
    trainer t(m, softmax_cross_entropy, adam{}, batch_capacity{16});
    try {
        t.step(random_numbers<float>(20, 6), labels(1, 5));
        FAIL("no error");
    } catch (const error& e) {
        INFO(e.what());
        CHECK(std::string(e.what()).find("gemm of layer 1") != std::string::npos);
    }
    CHECK(t.steps() == 0);
}

TEST_CASE("a trainer on a device goes on from a file with the same bits", "[cuda][mixed]") {
    const std::string path = "weft_mixed_test.safetensors";
    const auto x = random_numbers<float>(8 * 20, 8);
    const auto y = labels(8, 5);
    auto m = overflowing();
    trainer t(m, softmax_cross_entropy, adamw{}, batch_capacity{16});
    for (int i = 0; i < 15; ++i) t.step(x, y);
    REQUIRE(t.skipped_steps() > 0);
    REQUIRE(t.skipped_steps() < t.steps());
    save(t, path);
    for (int i = 0; i < 3; ++i) t.step(x, y);

    model<wide, cuda_twin_with<float16>> other(seed{99}, batch_capacity{16});
    trainer resumed(other, softmax_cross_entropy, adamw{}, batch_capacity{16});
    load(resumed, path);
    CHECK(resumed.steps() == 15);
    for (int i = 0; i < 3; ++i) resumed.step(x, y);
    CHECK(same_bits(t.on_host().slots, resumed.on_host().slots));
    CHECK(resumed.skipped_steps() == t.skipped_steps());
    CHECK(resumed.loss_scale() == t.loss_scale());
    const auto a = m.on_host(), b = other.on_host();
    CHECK(std::memcmp(a.parameters().data(), b.parameters().data(), a.parameters().size_bytes()) == 0);
    std::remove(path.c_str());
}
