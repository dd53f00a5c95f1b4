#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../lang/layers/normalization.hpp"
#include "../model.hpp"
#include "evaluate.hpp"

namespace weft {

namespace detail {

/// The statistics that the first layer of a network keeps of its input, if that is `standardize`.
template <class Source>
constexpr bool standardizes(const Source& source) {
    constexpr std::string_view last = "deviation";
    for (const auto& p : source.parameters)
        if (p.is_state && p.layer == 1 && std::string_view(p.name).ends_with(last)) return true;
    return false;
}

}  // namespace detail

/// Sets mean and (population) deviation of a network's first layer, `standardize`, from a data set. A feature
/// that never varies is left as it is. Error on a number that is not finite, and where the samples are not
/// the network's.
///
///     constexpr auto net = input<4> >> standardize >> dense<16> >> relu >> dense<3>;
///     model<net, cpu> model{seed{1}};
///     adapt(model, flowers);
///     fit(model, flowers, softmax_cross_entropy, adam{});
template <class Model, class Data>
void adapt(Model& model, const Data& data) {
    if constexpr (sound_model<Model>) {
        static_assert(detail::standardizes(Model::inference::source),
                      "weft: adapt needs a network whose first layer is standardize");
        if constexpr (!Model::memory::on_host) {
            auto copy = model.on_host();
            adapt(copy, data);
            model.assign(copy);
        } else {
            using scalar = typename Model::scalar;
            detail::check_data<Model>("cannot adapt", data, data.target_size);
            detail::check_samples("cannot adapt", std::span(data.inputs), data.input_size, "input");
            std::span<scalar> mean, deviation;
            for (const graph::parameter_record& p : Model::inference::source.parameters)
                if (p.is_state && p.layer == 1)
                    (std::string_view(p.name).ends_with("deviation") ? deviation : mean) =
                        model.parameter(p.name);
            // Input i belongs to feature i / inner % features.
            constexpr extents in = Model::network::input_type::value;
            constexpr int axis = standardize_layer::axis_of(in);
            constexpr std::size_t features = std::size_t(in[axis]),
                                  inner = std::size_t(in.product(axis + 1, in.rank));
            const double count = double(data.inputs.size() / features);
            // Sums of differences to a number of the feature: exactly zero for one that never varies.
            const auto sums = [&](auto&& term) {
                std::vector<double> all(features, 0.0);
                for (std::size_t i = 0; i < data.inputs.size(); ++i)
                    all[i / inner % features] += term(double(data.inputs[i]), i / inner % features);
                return all;
            };
            const auto first = [&](std::size_t f) { return double(data.inputs[f * inner]); };
            std::vector<double> centre = sums([&](double x, std::size_t f) { return x - first(f); });
            for (std::size_t f = 0; f < features; ++f) centre[f] = first(f) + centre[f] / count;
            const std::vector<double> squares =
                sums([&](double x, std::size_t f) { return (x - centre[f]) * (x - centre[f]); });
            for (std::size_t f = 0; f < features; ++f) {
                const double spread = std::sqrt(squares[f] / count);
                const bool varies = scalar(spread) > 0;
                mean[f] = varies ? scalar(centre[f]) : scalar(0);
                deviation[f] = varies ? scalar(spread) : scalar(1);
            }
        }
    }
}

}  // namespace weft
