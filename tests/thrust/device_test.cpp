/// Networks where Thrust's kernels find their numbers in a memory of their own, on the stand-in for such a
/// device: what weft::cuda_system does, but for CUDA.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>

#include <thrust/device_vector.h>

#include "../catch.hpp"
#include "../device_steps.hpp"
#include "weft/data/digits.hpp"
#include "weft/thrust.hpp"
#include "weft/weft.hpp"

using namespace weft;
using namespace device_steps;
using networks::everything;

namespace {

// clang-format off
constexpr auto digits_net = input<1, 8, 8>
    >> conv2d<8, kernel<3>, padding<1>> >> relu >> max_pool2d<2>
    >> conv2d<16, kernel<3>>            >> relu >> flatten
    >> dense<32> >> relu >> dense<10>;
// clang-format on

using twin = weft::thrust<device_twin>;
/// With a device's memory, and kernels cut as on the host.
using host_cut_twin = weft::thrust<thrust_backend::twin_system<thrust_backend::host_cut>>;

/// Losses, parameters, statistics and predictions of some steps on batches of two sizes.
template <class Policy, auto Net = small, class Optimizer>
std::vector<float> train_on(const Optimizer& optimizer, clipping clip = {}) {
    constexpr std::size_t size = std::remove_cvref_t<decltype(Net)>::input_type::size;
    constexpr std::size_t classes = std::remove_cvref_t<decltype(Net)>::output_type::size;
    const numbers data(48, size, unsigned(classes));
    model<Net, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, optimizer, batch_capacity{32}};
    train.clip(clip);
    std::vector<float> result;
    for (std::size_t step = 0; step < 10; ++step) {
        const std::size_t first = step % 2 ? 0 : 32, count = step % 2 ? 32 : 16;
        result.push_back(float(train.step(std::span(data.x).subspan(first * size, count * size),
                                          std::span(data.y).subspan(first, count))));
    }
    auto host = to<reference>(m);
    for (float p : host.parameters()) result.push_back(p);
    for (float s : host.statistics()) result.push_back(s);
    std::vector<float> outputs(48 * classes);
    m.predict(data.x, outputs);
    result.insert(result.end(), outputs.begin(), outputs.end());
    return result;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("thrust on a device: the gradients of a network of everything are the reference's", "[thrust]") {
    const auto want = gradients_on<reference_policy<double>>(),
               same = gradients_on<thrust_policy<device_twin, double>>(), got = gradients_on<twin>();
    REQUIRE(want.size() == got.size());
    REQUIRE(want.size() == same.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
        wrong += !(std::abs(same[i] - want[i]) <= 1e-11 * (1 + std::abs(want[i])));
        wrong += !(std::abs(got[i] - want[i]) <= 2e-5 * (1 + std::abs(want[i])));
    }
    CHECK(wrong == 0);
}

TEST_CASE("thrust on a device: steps are the cpu policy's, with dropout and clipping", "[thrust]") {
    check_close(train_on<twin>(adam{}), train_on<cpu>(adam{}), 1e-5);
    const sgd fast{.learning_rate = 0.1f};
    check_close(train_on<twin>(fast, clip_by_norm{0.05f}), train_on<cpu>(fast, clip_by_norm{0.05f}), 1e-5);
    check_close(train_on<twin>(adamw{}, clip_by_value{0.01f}), train_on<cpu>(adamw{}, clip_by_value{0.01f}),
                1e-5);
    CHECK(!same_bits(train_on<twin>(fast), train_on<twin>(fast, clip_by_norm{0.05f})));
    CHECK(!same_bits(train_on<twin>(fast), train_on<twin>(fast, clip_by_value{0.01f})));
    CHECK(same_bits(train_on<twin>(adam{}), train_on<twin>(adam{})));
}

namespace {

/// Parameters after steps in which groups of them follow rules of their own.
template <class Policy>
std::vector<float> train_groups_on() {
    const numbers data(16, 6, 3);
    model<small, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adamw{.weight_decay = 0.5f}, batch_capacity{16}};
    train.groups({{"0.*", {.learning_rate = 0.01f}}, no_decay_for_biases});
    for (int step = 0; step < 5; ++step) train.step(data.x, data.y);
    return {m.parameters().begin(), m.parameters().end()};
}

}  // namespace

TEST_CASE("thrust on a host: groups of parameters are trained as by the cpu policy", "[thrust]") {
    check_close(train_groups_on<weft::thrust<cpp>>(), train_groups_on<cpu>(), 1e-5);
}

TEST_CASE("thrust on a device: batches are accumulated as by the cpu policy", "[thrust]") {
    check_close(accumulate_on<twin>(), accumulate_on<cpu>(), 1e-5);
    model<small, twin> m;
    trainer train{m, softmax_cross_entropy, adam{}};
    CHECK_THROWS_WITH(train.groups({no_decay_for_biases}), contains("trains all parameters alike"));
}

TEST_CASE("thrust on a device: where numbers lie changes no bit of them", "[thrust]") {
    const auto want = train_on<weft::thrust<cpp>, everything>(adam{});
    for (float v : want) REQUIRE(std::isfinite(v));
    CHECK(same_bits(train_on<host_cut_twin, everything>(adam{}), want));
    CHECK(same_bits(train_on<host_cut_twin>(adam{}, clip_by_value{0.01f}),
                    train_on<weft::thrust<cpp>>(adam{}, clip_by_value{0.01f})));
}

namespace {

/// One update of n parameters, with a gradient that is not finite in place `broken` (or none).
struct one_update {
    using resources = twin::resources;
    using memory = twin::memory;
    std::vector<float> parameters, gradients, slots;
    bool finite;

    one_update(std::size_t n, std::size_t broken, float bad, float value_limit, float norm_limit)
        : parameters(n, 0.5f), gradients(n), slots(n, 0.25f) {
        for (std::size_t i = 0; i < n; ++i) gradients[i] = float(int(i * 7 % 13) - 6) / 8;
        if (broken < n) gradients[broken] = bad;
        memory::buffer<float> p(n), g(n), s(n);
        memory::write<float>(parameters, p.data());
        memory::write<float>(gradients, g.data());
        memory::write<float>(slots, s.data());
        resources r(0);
        const auto rule = sgd{.learning_rate = 0.5f, .momentum = 0.5f}.at<float>(2, 0.5f);
        r.set_rule(rule);
        r.upload_changes();
        twin::update_if_finite<sgd::slots, std::remove_const_t<decltype(rule)>>(r, value_limit, norm_limit, n,
                                                                                p.data(), g.data(), s.data());
        const memory::buffer<float> loss(1);
        r.fetch_report(loss.data().address());
        finite = r.report().update.finite;
        memory::read<float>(p.data(), parameters);
        memory::read<float>(s.data(), slots);
    }
};

}  // namespace

TEST_CASE("thrust on a device: an update happens where every gradient is finite, or not at all", "[thrust]") {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    // Fewer than there are lanes, and more.
    for (const std::size_t n : {std::size_t(1), std::size_t(1000), std::size_t(40000)}) {
        CAPTURE(n);
        for (const std::size_t broken : {std::size_t(0), n / 2, n - 1})
            for (const float bad : {nan, inf, -inf}) {
                const one_update update(n, broken, bad, 0, 1);
                CHECK(!update.finite);
                CHECK(update.parameters == std::vector<float>(n, 0.5f));
                CHECK(update.slots == std::vector<float>(n, 0.25f));
            }
        for (const auto& [by_value, by_norm] : {std::pair{0.0f, 0.0f}, {0.3f, 0.0f}, {0.0f, 0.5f}}) {
            const one_update update(n, n, 0, by_value, by_norm);
            CHECK(update.finite);
            std::vector<float> gradients = update.gradients, want(n, 0.5f), slots(n, 0.25f);
            if (by_value > 0) clipping(clip_by_value{by_value}).apply<float>(gradients);
            if (by_norm > 0) clipping(clip_by_norm{by_norm}).apply<float>(gradients);
            const auto rule = sgd{.learning_rate = 0.5f, .momentum = 0.5f}.at<float>(2, 0.5f);
            for (std::size_t i = 0; i < n; ++i) rule(want[i], gradients[i], &slots[i]);
            check_close(update.parameters, want, 1e-6);
            check_close(update.slots, slots, 1e-6);
        }
    }
}

TEST_CASE("thrust on a device: a step whose gradients are not finite changes nothing", "[thrust]") {
    const numbers data(16, 6, 3);
    model<small, twin> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{16}};
    train.step(data.x, data.y);
    const auto before = to<reference>(m);
    std::vector<float> x = data.x;
    x[7] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH(train.step(x, data.y), contains("the batch: sample"));
    const auto after = to<reference>(m);
    CHECK(std::memcmp(before.parameters().data(), after.parameters().data(),
                      before.parameters().size_bytes()) == 0);
    CHECK(train.steps() == 1);
    CHECK(std::isfinite(train.step(data.x, data.y)));
}

TEST_CASE("thrust on a device: a thrust::device_vector goes in and out where it is", "[thrust]") {
    const numbers data(16, 6, 3);
    const ::thrust::device_vector<float> x(data.x.begin(), data.x.end()), y(data.y.begin(), data.y.end());
    ::thrust::device_vector<float> outputs(16 * 3);
    model<small, twin> m{seed{1}}, same{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}}, follow{same, softmax_cross_entropy, adam{}};
    CHECK(train.step(x, y) == follow.step(data.x, data.y));
    m.predict(x, outputs);
    const std::vector<float> expected = same.predict(data.x);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(outputs[i] == expected[i]);
    outputs.resize(7);
    CHECK_THROWS_WITH(m.predict(x, outputs), contains("96 inputs and room for 7 outputs"));
}

TEST_CASE("thrust on a device: a refused step takes running statistics back", "[thrust]") {
    const numbers data(16, 6, 3);
    model<normed, twin> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{16}};
    train.step(data.x, data.y);
    auto before = to<reference>(m);
    std::vector<float> x = data.x;
    x[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(train.step(x, data.y), contains("the batch: sample"));
    CHECK_THROWS_WITH(train.step(std::span(x).first(6), std::span(data.y).first(1)),
                      contains("batch_norm of layer 1") && contains("one value per channel"));
    auto after = to<reference>(m);
    CHECK(std::equal(before.statistics().begin(), before.statistics().end(), after.statistics().begin()));
    CHECK(std::equal(before.parameters().begin(), before.parameters().end(), after.parameters().begin()));
    CHECK(std::isfinite(train.step(data.x, data.y)));
}

TEST_CASE("thrust on a device: a model moves between policies and files with its numbers", "[thrust]") {
    const numbers data(33, 6, 3);
    model<small, cpu> first{seed{5}};
    auto there = to<twin>(first, batch_capacity{16});
    std::vector<float> want(33 * 3), got(33 * 3);
    first.predict(data.x, want);
    there.predict(data.x, got);
    check_close(got, want, 1e-6);

    const std::string path = "thrust_device_test.safetensors";
    save(there, path);
    model<small, twin> other{seed{6}};
    load(other, path);
    std::vector<float> again(33 * 3);
    other.predict(data.x, again);
    CHECK(again == got);
    model<small, cpu> back{seed{7}};
    load(back, path);
    CHECK(std::memcmp(back.parameters().data(), first.parameters().data(), first.parameters().size_bytes()) ==
          0);
    const data::dataset<float, int> samples(data.x, data.y, 6);
    CHECK(evaluate(there, samples, softmax_cross_entropy).loss ==
          Approx(evaluate(first, samples, softmax_cross_entropy).loss).epsilon(1e-5));
    std::remove(path.c_str());
}

TEST_CASE("thrust on a device: training goes on from a checkpoint with the same bits", "[thrust]") {
    const numbers data(32, 6, 3);
    const std::string path = "thrust_device_training.safetensors";
    model<small, twin> m{seed{5}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{32}};
    for (int i = 0; i < 3; ++i) train.step(data.x, data.y);
    save(train, path);
    train.step(data.x, data.y);
    model<small, twin> other{seed{6}};  // the seed comes with the file
    trainer goes_on{other, softmax_cross_entropy, adam{}, batch_capacity{32}};
    load(goes_on, path);
    std::remove(path.c_str());
    CHECK(goes_on.steps() == 3);
    goes_on.step(data.x, data.y);
    const auto want = to<reference>(m), got = to<reference>(other);
    CHECK(std::memcmp(want.parameters().data(), got.parameters().data(), want.parameters().size_bytes()) ==
          0);
}

TEST_CASE("thrust on a device: fit learns digits", "[thrust]") {
    auto [train, test] = data::digits(WEFT_TEST_SOURCE_DIR "/../examples/data/digits.csv");
    model<digits_net, twin> m{seed{1}};
    fit(m, train, softmax_cross_entropy, adam{.learning_rate = 2e-3f},
        {.epochs = 6, .batch_size = 32, .progress = {.style = progress_style::silent}});
    CHECK(evaluate(m, test, softmax_cross_entropy).accuracy > 0.93f);
}

TEST_CASE("thrust on a device: explain", "[thrust]") {
    CHECK_THAT((explain<everything, twin>(64)), contains("conv2d") && !contains("fused into one kernel"));
}

// The memory of a device has a type of its own.
static_assert(!std::is_convertible_v<float*, twin::memory::pointer<float>>);
static_assert(!std::is_convertible_v<twin::memory::pointer<float>, float*>);

TEST_CASE("thrust on a device: a convolution that is gathered in parts", "[thrust]") {
    // clang-format off
    constexpr auto net = input<16, 32, 32> >> conv2d<16, kernel<3>, padding<1>, groups<2>> >> conv2d<2, kernel<3>>;
    // clang-format on
    constexpr std::size_t batch = 60;
    constexpr auto& g = program<std::remove_const_t<decltype(net)>>::source.g;
    const auto convolution = g.nodes[0].as<graph::convolution>();
    const auto sizes = thrust_backend::gathered_sizes::of(graph::conv2d{convolution}, batch);
    REQUIRE(sizes.count_at_once < sizes.count);
    const auto of_weights = thrust_backend::gathered_sizes::of(graph::conv2d_weights{convolution}, batch);
    REQUIRE(of_weights.depth_at_once < of_weights.depth);

    const auto gradients = [&]<class Policy>() {
        model<net, Policy> m{seed{2}};
        trainer train{m, mean_squared_error, sgd{}, batch_capacity{batch}};
        std::vector<float> x(batch * 16 * 32 * 32), y(batch * 2 * 30 * 30, 0.5f);
        random_stream draw{seed{3}, 1};
        for (float& v : x) v = 2 * draw.uniform() - 1;
        std::vector<float> result{float(train.compute_gradients(x, y))};
        for (float each : train.gradients()) result.push_back(each);
        return result;
    };
    const auto got = gradients.template operator()<twin>(), want = gradients.template operator()<cpu>();
    REQUIRE(got.size() == want.size());
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
        worst = std::max(worst, std::abs(double(got[i]) - double(want[i])));
    CHECK(worst < 1e-5);
}
