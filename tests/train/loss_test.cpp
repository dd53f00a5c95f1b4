/// Every loss against PyTorch: its value and the gradients behind it, also where logits reach hundreds.

#include "golden.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<4> >> dense<3>;
// clang-format on

template <class Policy, class Loss>
void follow(const std::string& name, const std::string& targets, const Loss& loss) {
    using scalar = typename Policy::scalar;
    static const auto cases = golden::read("losses.txt");
    const double tolerance = sizeof(scalar) == 8 ? 5e-8 : 1e-5;
    const golden::tensors& start = cases.at("start");
    model<net, Policy> m;
    for (const char* parameter : {"0.weight", "0.bias"}) {
        const auto& values = start.at(std::string("param.") + parameter).values;
        std::copy(values.begin(), values.end(), m.parameter(parameter).begin());
    }
    trainer train{m, loss, sgd{}, batch_capacity{5}};
    for (const double scale : {1., 200.}) {
        const std::string which = (scale > 1 ? "huge_" : "") + name;
        INFO(which << " on " << Policy::name);
        auto x = golden::as<scalar>(start.at("input"));
        for (scalar& v : x) v *= scalar(scale);
        const auto& y = start.at("target." + targets);
        double value = 0;
        if constexpr (Loss::takes_labels)
            value = train.compute_gradients(x, golden::as<int>(y));
        else
            value = train.compute_gradients(x, golden::as<scalar>(y));
        golden::close("loss", std::vector{value}, cases.at(which).at("loss").values, tolerance);
        golden::gradients_match(m, train, cases.at(which), 10 * tolerance);
    }
}
template <class Loss>
void follow_everywhere(const std::string& name, const std::string& targets, const Loss& loss) {
    follow<reference_policy<double>>(name, targets, loss);
    follow<cpu>(name, targets, loss);
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
}

TEST_CASE("class weights must be as many as the classes", "[train][loss]") {
    model<net, reference> m;
    const auto make = [&](std::vector<float> w) {
        trainer train{m, softmax_cross_entropy_with<class_weights>.weights(std::move(w)), sgd{}};
    };
    CHECK_NOTHROW(make({1, 2, 3}));
    CHECK_THROWS_WITH(make({1, 2}), contains("2 class weights for 3 classes"));
    CHECK_THROWS_WITH(make({}), contains("0 class weights for 3 classes"));
}
