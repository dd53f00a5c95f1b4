/// Every loss against PyTorch: its value and the gradients behind it, also where logits reach hundreds.

#include <cmath>
#include <limits>
#include <utility>

#include "golden.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<4> >> dense<3>;
constexpr auto wide = input<4> >> dense<6>;
// clang-format on

/// A batch's loss and gradients.
template <class Policy, auto Net, class Loss>
void match(const std::string& name, const std::string& targets, const Loss& loss, const char* start_at,
           double scale) {
    using scalar = typename Policy::scalar;
    static const auto cases = golden::read("losses.txt");
    const double tolerance = sizeof(scalar) == 8 ? 5e-8 : 1e-5;
    const golden::tensors &start = cases.at("start"), &parameters = cases.at(start_at);
    INFO(name << " on " << Policy::name);
    model<Net, Policy> m;
    for (const char* parameter : {"0.weight", "0.bias"}) {
        const auto& values = parameters.at(std::string("param.") + parameter).values;
        std::copy(values.begin(), values.end(), m.parameter(parameter).begin());
    }
    trainer train{m, loss, sgd{}, batch_capacity{5}};
    auto x = golden::as<scalar>(start.at("input"));
    for (scalar& v : x) v *= scalar(scale);
    const golden::tensor none;
    const auto& y = targets.empty() ? none : start.at("target." + targets);
    double value = 0;
    if constexpr (Loss::takes_labels)
        value = train.compute_gradients(x, golden::as<int>(y));
    else
        value = train.compute_gradients(x, golden::as<scalar>(y));
    golden::close("loss", std::vector{value}, cases.at(name).at("loss").values, tolerance);
    golden::gradients_match(m, train, cases.at(name), 10 * tolerance);
}
template <class Loss>
void follow_everywhere(const std::string& name, const std::string& targets, const Loss& loss) {
    match<reference_policy<double>, net>(name, targets, loss, "start", 1);
    match<reference_policy<double>, net>("huge_" + name, targets, loss, "start", 200);
    match<cpu, net>(name, targets, loss, "start", 1);
    match<cpu, net>("huge_" + name, targets, loss, "start", 200);
}
template <auto Net, class Loss>
void follow_small(const std::string& name, const std::string& targets, const Loss& loss,
                  const char* start = "start") {
    match<reference_policy<double>, Net>(name, targets, loss, start, 1);
    match<cpu, Net>(name, targets, loss, start, 1);
}

const std::vector<float> weights = {0.5f, 2.f, 1.25f};

}  // namespace

TEST_CASE("cross-entropy of labels matches PyTorch", "[train][loss]") {
    follow_everywhere("labels", "label", softmax_cross_entropy);
    follow_everywhere("labels_smoothing", "label", softmax_cross_entropy_with<label_smoothing<0.1>>);
    follow_everywhere("labels_weights", "label", softmax_cross_entropy_with<class_weights>.weights(weights));
    follow_everywhere("labels_weights_smoothing", "label",
                      softmax_cross_entropy_with<label_smoothing<0.1>, class_weights>.weights(weights));
}
TEST_CASE("cross-entropy of probabilities matches PyTorch", "[train][loss]") {
    follow_everywhere("soft", "soft", softmax_cross_entropy_with<soft_targets>);
    follow_everywhere("soft_smoothing", "soft",
                      softmax_cross_entropy_with<soft_targets, label_smoothing<0.1>>);
    follow_everywhere("soft_weights", "soft",
                      softmax_cross_entropy_with<class_weights, soft_targets>.weights(weights));
    follow_everywhere(
        "soft_weights_smoothing", "soft",
        softmax_cross_entropy_with<class_weights, soft_targets, label_smoothing<0.1>>.weights(weights));
}
TEST_CASE("element-wise losses match PyTorch", "[train][loss]") {
    follow_everywhere("binary", "soft", binary_cross_entropy_with_logits);
    follow_everywhere("squared", "real", mean_squared_error);
    follow_everywhere("absolute", "real", mean_absolute_error);
    follow_everywhere("huber", "real", huber);
    follow_everywhere("huber_small", "real", huber_with<0.25>);
    follow_everywhere("smooth_l1", "real", smooth_l1);
    follow_everywhere("smooth_l1_small", "real", smooth_l1_with<0.25>);
    follow_everywhere("cosine", "real", cosine_distance);
    follow_everywhere("kl", "sparse", kl_divergence);
    follow_small<net>("poisson", "count", poisson_nll);
}
TEST_CASE("losses of parts of the output match PyTorch", "[train][loss]") {
    follow_small<wide>("gaussian", "real", gaussian_nll, "start_wide");
    follow_small<wide>("triplet", "", triplet_margin_with<0.5>, "start_wide");
}
TEST_CASE("weights of positives match PyTorch", "[train][loss]") {
    follow_everywhere("binary_weights", "soft", binary_cross_entropy_with_logits.pos_weight(weights));
    follow_everywhere("binary_weight", "soft", binary_cross_entropy_with_logits.pos_weight({3}));
}
TEST_CASE("summed losses match PyTorch", "[train][loss]") {
    follow_everywhere("sum_labels_weights", "label",
                      summed(softmax_cross_entropy_with<class_weights>.weights(weights)));
    follow_everywhere("sum_squared", "real", summed(mean_squared_error));
    follow_everywhere("sum_smooth_l1_small", "real", summed(smooth_l1_with<0.25>));
    follow_everywhere("sum_kl", "sparse", summed(kl_divergence));
}

TEST_CASE("a summed loss is shown per sample", "[train][loss]") {
    const data::dataset<float, float> some{
        {1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 1}, std::vector<float>(9, 0.5f), 4, 3};
    model<net, reference> m;
    const double mean = evaluate(m, some, mean_squared_error).loss;
    for (const int capacity : {1, 2, 64}) {
        const double loss = evaluate(m, some, summed(mean_squared_error), batch_capacity{capacity}).loss;
        CHECK(loss == Approx(3 * mean));
    }
    for (const int size : {1, 2, 3}) {
        const auto seen = fit(m, some, summed(mean_squared_error), sgd{.learning_rate = 0},
                              {.batch_size = size, .progress = {.style = progress_style::silent}});
        CHECK(seen.back().loss == Approx(3 * mean));
    }
}

TEST_CASE("triplets are learned from samples without targets", "[train][loss]") {
    // clang-format off
    constexpr auto each = input<3, 2> >> dense<2>;
    // clang-format on
    data::dataset<float, float> triplets;
    triplets.input_size = 6;
    triplets.target_size = 0;
    for (int i = 0; i < 8; ++i) {  // anchor and positive share the first number, which the second hides
        const float a = i % 2 ? 0.5f : -0.5f, noise = float(i) - 3.5f;
        triplets.inputs.insert(triplets.inputs.end(), {a, noise, a, -noise, -a, noise});
    }
    model<each, reference> m{seed{1}};
    const double before = evaluate(m, triplets, triplet_margin).loss;
    fit(m, triplets, triplet_margin, adam{.learning_rate = 0.05f},
        {.epochs = 60, .batch_size = 4, .progress = {.style = progress_style::silent}});
    CHECK(before > 1);
    CHECK(evaluate(m, triplets, triplet_margin).loss < 0.1 * before);
}

TEST_CASE("weights must be as many as the classes or outputs", "[train][loss]") {
    model<net, reference> m;
    const auto make = [&](std::vector<float> w) {
        trainer train{m, softmax_cross_entropy_with<class_weights>.weights(std::move(w)), sgd{}};
    };
    CHECK_NOTHROW(make({1, 2, 3}));
    CHECK_THROWS_WITH(make({1, 2}), contains("2 class weights for 3 classes"));
    CHECK_THROWS_WITH(make({}), contains("0 class weights for 3 classes"));
    const auto of_positives = [&](std::vector<float> w) {
        trainer train{m, binary_cross_entropy_with_logits.pos_weight(std::move(w)), sgd{}};
    };
    CHECK_NOTHROW(of_positives({1, 2, 3}));
    CHECK_THROWS_WITH(of_positives({1, 2}), contains("2 weights of positives for 3 outputs"));
}

namespace {

// clang-format off
constexpr auto one_logit = input<1> >> dense<1>;
// clang-format on

/// The loss at a logit, and its slope there.
template <class Policy>
std::pair<double, double> binary_at(double logit, double target) {
    using scalar = typename Policy::scalar;
    model<one_logit, Policy> m;
    m.parameter("0.weight")[0] = 1;
    m.parameter("0.bias")[0] = 0;
    trainer train{m, binary_cross_entropy_with_logits, sgd{}};
    const double loss =
        double(train.compute_gradients(std::vector{scalar(logit)}, std::vector{scalar(target)}));
    return {loss, double(train.gradient("0.bias")[0])};
}
template <class Policy>
void check_binary() {
    INFO(Policy::name);
    for (double logit : {0., 1., -1., 12., -12., 15., -15., 60., -60.})
        for (double target : {0., 1., 0.25}) {
            CAPTURE(logit, target);
            const double other = (logit > 0 ? logit : 0) + std::log1p(std::exp(-std::abs(logit))),
                         same = (logit < 0 ? -logit : 0) + std::log1p(std::exp(-std::abs(logit)));
            const auto [loss, slope] = binary_at<Policy>(logit, target);
            CHECK(loss == Approx(target * same + (1 - target) * other).epsilon(1e-6));
            const double want = (1 - target) / (1 + std::exp(-logit)) - target / (1 + std::exp(logit));
            CHECK(slope == Approx(want).epsilon(1e-6));
        }
}

}  // namespace

TEST_CASE("binary cross-entropy keeps its digits where predictions are sure", "[train][loss]") {
    CHECK(binary_at<cpu>(15, 1).first == Approx(3.0590227e-07).epsilon(1e-6));  // PyTorch's, in float64
    check_binary<cpu>();
    check_binary<reference>();
    check_binary<cpu_policy<double>>();
}

TEST_CASE("predictions with a NaN are never correct", "[train][loss]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    using labels = softmax_cross_entropy_loss<>;
    using soft = softmax_cross_entropy_loss<soft_targets>;
    for (int place = 0; place < 3; ++place) {
        float p[] = {3, 2, 1};
        const float target[] = {0}, probabilities[] = {1, 0, 0}, unknown[] = {nan, nan, nan},
                    ones[] = {1, 1, 1};
        CHECK(labels::is_correct(p, target, 3));
        CHECK(soft::is_correct(p, probabilities, 3));
        CHECK(binary_cross_entropy_loss::is_correct(p, ones, 3));
        p[place] = nan;
        CHECK_FALSE(labels::is_correct(p, target, 3));
        CHECK_FALSE(soft::is_correct(p, probabilities, 3));
        CHECK_FALSE(soft::is_correct(p, unknown, 3));
        CHECK_FALSE(binary_cross_entropy_loss::is_correct(p, ones, 3));
        const float zeros[] = {0, 0, 0},
                    low[] = {place == 0 ? nan : -1.f, place == 1 ? nan : -1.f, place == 2 ? nan : -1.f};
        CHECK_FALSE(binary_cross_entropy_loss::is_correct(low, zeros, 3));
    }
}
