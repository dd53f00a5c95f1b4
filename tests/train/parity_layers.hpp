#pragma once

#include "golden.hpp"
#include "weft/weft.hpp"

namespace golden {

/// Runs a network through a case of layers.txt: outputs within 1e-5, gradients within 1e-4 of PyTorch's (in
/// double, of what the file's nine digits hold).
template <auto Net, class Policy>
void follow(const std::string& name) {
    using scalar = typename Policy::scalar;
    static const auto cases = read("layers.txt");
    const bool is_double = sizeof(scalar) == 8;
    const double forward = is_double ? 5e-8 : 1e-5, backward = is_double ? 5e-7 : 1e-4;
    INFO(name << " on " << Policy::name << (is_double ? ", double" : ", float"));
    REQUIRE(cases.count(name) == 1);
    const tensors& expected = cases.at(name);

    weft::model<Net, Policy> model{weft::seed{7}, weft::batch_capacity{4}};
    load(model, expected);
    weft::trainer train{model, weft::mean_squared_error, weft::sgd{}, weft::batch_capacity{8}};
    for (int k = 0; expected.count("input." + std::to_string(k)); ++k) {
        const std::string at = std::to_string(k);
        const auto x = as<scalar>(expected.at("input." + at)), y = as<scalar>(expected.at("target." + at));
        const std::size_t batch = expected.at("input." + at).shape[0];
        const scalar loss = train.compute_gradients(x, y);
        close("loss " + at, std::vector{loss}, expected.at("loss." + at).values, forward);
        close("output " + at, train.predictions(batch), expected.at("train." + at).values, forward);
    }
    gradients_match(model, train, expected, backward);
    for (const auto& t : model.state())
        if (model.record(t.name).is_state)
            close(t.name, t.data, expected.at("after." + t.name).values, forward);
    std::vector<scalar> y(expected.at("eval").values.size());
    model.predict(as<scalar>(expected.at("input.0")), y);
    close("evaluation", y, expected.at("eval").values, forward);
}

template <auto Net>
void follow_everywhere(const std::string& name) {
    follow<Net, weft::reference_policy<double>>(name);
    follow<Net, weft::cpu>(name);
}

}  // namespace golden
