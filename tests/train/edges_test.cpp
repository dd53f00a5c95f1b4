// Where passes and kernels could go wrong in silence: values that all samples share, results read twice, rows
// shorter than a packet, models shared by threads. On the cpu policy, against central differences and
// reference.
#include <cmath>
#include <thread>
#include <vector>
#include <weft/weft.hpp>

#include "../catch.hpp"

using namespace weft;

namespace {

constexpr graph::initializer drawn{init_kind::xavier_uniform, 1, 1};

/// The base of layers of this test: [in] to [5].
struct to_five : layer_base {
    static constexpr int primitives = 6;
    static constexpr shaped output(extents) { return accept(extents(5)); }
};
/// A parameter first, then the value per sample.
struct scaled_input : layer_base {
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.multiply(b.parameter("scale", x.dims, drawn), x);
    }
};
/// A bias that is itself computed, as under an equalised learning rate.
struct computed_bias : to_five {
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const auto y = b.dense(x, b.parameter("weight", {5, x.dims[0]}, drawn));
        return b.along(B::add_step, y, b.scale(b.parameter("bias", extents(5), drawn), 2.f), 0);
    }
};
/// A bias that is added in two places.
struct bias_twice : to_five {
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const auto w = b.parameter("weight", {5, x.dims[0]}, drawn);
        const auto bias = b.parameter("bias", extents(5), drawn);
        const auto y = b.activation(activation_kind::tanh, b.along(B::add_step, b.dense(x, w), bias, 0), 0);
        return b.along(B::add_step, y, bias, 0);
    }
};
/// Weights with a gain for each row: one parameter times another.
struct weight_gain : to_five {
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const auto w = b.parameter("weight", {5, x.dims[0]}, drawn);
        return b.dense(x, b.along(B::multiply_step, w, b.parameter("gain", extents(5), drawn), 0));
    }
};
/// Minus the log-probabilities of soft targets at two temperatures.
struct two_heads {
    static constexpr bool takes_labels = false;
    static constexpr int primitives = 10;
    template <class B>
    static constexpr auto lower(B& b, typename B::value p) {
        typename B::value unused, none{};
        const auto target = b.target(p.dims);
        const auto cold = b.pick_nll(b.log_softmax(p, 0), target, none, 0, &unused);
        const auto warm = b.pick_nll(b.log_softmax(b.scale(p, 0.5f), 0), target, none, 0, &unused);
        return b.mean(b.add(cold, warm));
    }
};

// clang-format off
constexpr auto parts = input<5> >> scaled_input{} >> computed_bias{} >> weft::tanh >> bias_twice{} >> weight_gain{};
constexpr auto twice = input<3> >> dense<3> >> residual(identity) >> gelu >> residual(silu >> dense<3>) >> multiply(identity, identity);
constexpr auto eight = concat(identity, identity, identity, identity, identity, identity, identity, identity);
constexpr auto wide = input<1> >> dense<1> >> eight >> eight >> eight >> dense<3>;
constexpr auto classes = input<2> >> dense<3>;
constexpr auto down = input<3> >> dense<9> >> leaky_relu_with<-0.2> >> dense<9> >> elu_with<-0.5> >> dense<2>;
constexpr auto normed = input<3> >> batch_norm >> dense<4> >> relu >> dense<2>;
constexpr auto pooled = input<1, 1, 3> >> global_avg_pool;
constexpr auto pooled_wide = input<1, 7, 7> >> global_avg_pool;
constexpr auto three = input<3> >> dense<3>;
constexpr auto image = input<1, 12, 12> >> conv2d<4, kernel<3>> >> batch_norm >> relu >> max_pool2d<2> >> flatten >> dense<10>;
// clang-format on

std::vector<double> wave(std::size_t n, double speed) {
    std::vector<double> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(speed * double(i) + 1);
    return x;
}

template <auto Net, class Policy, class Loss>
double worst_gradient(Loss loss, std::size_t batch) {
    model<Net, Policy> m{seed{3}};
    trainer t{m, loss, sgd{}, batch_capacity{int(batch)}};
    const auto x = wave(batch * m.input_size, 1.3);
    std::vector<double> y = wave(batch * m.output_size, 0.7);
    for (double& v : y) v = v * v;
    t.compute_gradients(x, y);
    const std::vector<double> g(t.gradients().begin(), t.gradients().end());
    double worst = 0;
    for (std::size_t i = 0; i < g.size(); ++i) {
        double& p = m.parameters()[i];
        const double before = p, h = 1e-5;
        p = before + h;
        const double above = t.compute_gradients(x, y);
        p = before - h;
        const double below = t.compute_gradients(x, y);
        p = before;
        worst = std::max(worst, std::abs((above - below) / (2 * h) - g[i]) / (1 + std::abs(g[i])));
    }
    return worst;
}

}  // namespace

TEST_CASE("gradients of shared values and of results read twice, on cpu", "[train]") {
    using p = cpu_policy<double>;
    for (std::size_t batch : {1, 2, 5}) {
        INFO("batch " << batch);
        CHECK(worst_gradient<parts, p>(mean_squared_error, batch) < 1e-7);
        CHECK(worst_gradient<twice, p>(mean_squared_error, batch) < 1e-7);
        CHECK(worst_gradient<classes, p>(two_heads{}, batch) < 1e-7);
        CHECK(worst_gradient<wide, p>(mean_squared_error, batch) < 1e-7);
        CHECK(worst_gradient<down, p>(mean_squared_error, batch) < 1e-7);
    }
    CHECK(worst_gradient<parts, reference_policy<double>>(mean_squared_error, 3) < 1e-7);
}

TEST_CASE("rows shorter than a packet give the reference's predictions", "[train]") {
    model<twice, cpu> fast{seed{1}};
    model<twice, reference> slow{seed{1}};
    for (std::size_t batch : {1, 2, 3, 5, 7, 16, 17}) {
        std::vector<float> x(batch * 3), a(batch * 3), b(batch * 3);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::cos(float(i) * 1.7f);
        fast.predict(x, a);
        slow.predict(x, b);
        for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-4).margin(1e-5));
    }
}

TEST_CASE("threads share a const model, each with a workspace", "[train]") {
    using shared_model = model<image, cpu_policy<float, threads<2>>>;
    const shared_model m{seed{1}};
    std::vector<float> x(144 * 40);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(float(i) * 0.1f);
    std::vector<std::vector<float>> out(4, std::vector<float>(400));
    std::vector<std::thread> threads;
    for (auto& mine : out)
        threads.emplace_back([&] {
            shared_model::inference_workspace space{batch_capacity{16}};
            for (int round = 0; round < 20; ++round) m.predict(x, mine, space);
        });
    for (auto& t : threads) t.join();
    for (const auto& mine : out) CHECK(mine == out[0]);
    CHECK(out[0][0] != out[0][10]);
}

TEST_CASE("a weighted evaluation does not depend on the batches", "[train]") {
    model<classes, cpu> m{seed{1}};
    data::dataset<float, int> d;
    d.input_size = 2;
    for (int i = 0; i < 40; ++i) {
        d.inputs.push_back(float(i) * 0.1f);
        d.inputs.push_back(1 - float(i) * 0.07f);
        d.targets.push_back(i % 7 ? 0 : i % 3);
    }
    const auto loss = softmax_cross_entropy_with<class_weights>.weights({1, 10, 0});
    const double whole = evaluate(m, d, loss, batch_capacity{48}).loss;
    for (int capacity : {1, 2, 16, 32})
        CHECK(evaluate(m, d, loss, batch_capacity{capacity}).loss == Approx(whole));
}

TEST_CASE("an infinite gradient stops before it reaches the parameters", "[train]") {
    // clang-format off
    constexpr auto line = input<1> >> dense<1>;
    // clang-format on
    model<line, cpu> m{seed{1}};
    m.parameters()[0] = 1;
    trainer t{m, mean_squared_error, sgd{.learning_rate = 1e-3f}, batch_capacity{4}};
    const std::vector<float> x{1.5e19f}, y{0.f};
    CHECK_THROWS_WITH(t.step(x, y),
                      contains("a gradient is not a finite number") && contains("gemm_weights of layer 1"));
    CHECK(m.parameters()[0] == 1);
    CHECK(t.steps() == 0);
}

TEST_CASE("a workspace takes what the plan says", "[train]") {
    using m = model<image, cpu>;
    for (int capacity : {1, 3, 16}) {
        const m::inference_workspace space{batch_capacity{capacity}};
        CHECK(space.capacity() == capacity);
        CHECK(space.size() ==
              std::size_t(m::inference::plan.per_sample * capacity + m::inference::plan.fixed));
    }
    CHECK(m::inference_workspace{batch_capacity{17}}.capacity() == 32);
}

namespace {

template <class Policy>
void check_means() {
    INFO(Policy::name);
    double mean = 0;
    model<pooled, Policy>{}.predict(std::vector<double>(3, 1.), std::span(&mean, 1));
    CHECK(mean == 1);
    model<pooled_wide, Policy>{}.predict(std::vector<double>(49, 1.), std::span(&mean, 1));
    CHECK(mean == 1);
    model<three, Policy> m;
    for (double& p : m.parameters()) p = 0;
    trainer t{m, mean_squared_error, sgd{}};
    CHECK(t.compute_gradients(std::vector<double>(15, 1.), std::vector<double>(15, 1.)) == 1);
    for (double g : t.gradient("0.bias")) CHECK(std::abs(g + 2. / 3) < 3e-16);
}

/// A refused step leaves parameters and statistics as they were.
template <class Policy>
void check_refusal() {
    INFO(Policy::name);
    using scalar = typename Policy::scalar;
    model<normed, Policy> m{seed{1}};
    trainer t{m, mean_squared_error, adam{}, batch_capacity{8}};
    std::vector<scalar> x(24), y(16, scalar(1));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(scalar(i));
    t.step(x, y);
    const std::vector<scalar> parameters(m.parameters().begin(), m.parameters().end()),
        statistics(m.statistics().begin(), m.statistics().end());
    const auto unchanged = [&] {
        return std::equal(parameters.begin(), parameters.end(), m.parameters().begin()) &&
               std::equal(statistics.begin(), statistics.end(), m.statistics().begin()) && t.steps() == 1;
    };
    auto broken = x;
    broken[5] = std::numeric_limits<scalar>::quiet_NaN();
    CHECK_THROWS_WITH(t.step(broken, y), contains("step 2") && contains("is not a number"));
    CHECK(unchanged());
    // Finite numbers, and an operation to blame, behind the batch norm.
    m.parameter("3.weight")[0] = std::numeric_limits<scalar>::max();
    m.parameter("3.weight")[1] = std::numeric_limits<scalar>::max();
    m.parameter("1.bias")[0] = m.parameter("1.bias")[1] = 30;
    CHECK_THROWS_WITH(t.step(x, y), contains("first operation with a result that is not finite"));
    CHECK(std::equal(statistics.begin(), statistics.end(), m.statistics().begin()));
    std::copy(parameters.begin(), parameters.end(), m.parameters().begin());
    CHECK_THROWS_WITH(t.step(std::span(x).first(3), std::span(y).first(2)),
                      contains("a batch of 1 sample") && contains("batch_norm of layer 1") &&
                          contains("one value per channel"));
    CHECK(unchanged());
    t.step(std::span(x).first(6), std::span(y).first(4));
    CHECK(t.steps() == 2);
}

}  // namespace

TEST_CASE("means in double are double", "[train]") {
    check_means<reference_policy<double>>();
    check_means<cpu_policy<double>>();
}

TEST_CASE("a refused step changes nothing, running statistics included", "[train]") {
    check_refusal<reference_policy<double>>();
    check_refusal<cpu>();
}

TEST_CASE("fit leaves out a last batch of one sample under batch norm", "[train]") {
    const auto noisy = [](std::size_t n) {
        data::dataset<float, float> d;
        d.input_size = 3;
        d.target_size = 2;
        random_stream draw{seed{4}, 1};
        for (std::size_t i = 0; i < 3 * n; ++i) d.inputs.push_back(6 * draw.uniform());  // variance 3
        d.targets.resize(2 * n, 1.f);
        return d;
    };
    const fit_options<data::dataset<float, float>> options{
        .epochs = 30, .batch_size = 32, .progress = {.style = progress_style::silent}};
    model<normed, cpu> m{seed{1}};
    const auto data = noisy(33);
    const history h = fit(m, data, mean_squared_error, sgd{.learning_rate = 0.01f}, options);
    CHECK(std::isfinite(h.back().loss));
    for (float v : m.parameter("0.running_var")) CHECK(v > 2.f);
    const auto one = noisy(1);
    model<normed, cpu> alone{seed{1}};
    CHECK_THROWS_WITH(fit(alone, one, mean_squared_error, sgd{}, options), contains("a batch of 1 sample"));
    // Images have several values per channel, and nets without batch norm need none.
    model<classes, cpu> plain{seed{1}};
    trainer t{plain, softmax_cross_entropy, sgd{}};
    CHECK_NOTHROW(t.step(std::vector<float>{1, 2}, std::vector<int>{0}));
    STATIC_REQUIRE(trainer<model<image, cpu>, softmax_cross_entropy_loss<>, sgd>::least_batch() == 1);
}
