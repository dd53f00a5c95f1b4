#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "../catch.hpp"
#include "weft/train/trainer.hpp"

namespace golden {

struct tensor {
    std::vector<std::size_t> shape;
    std::vector<double> values;
};
/// The tensors of one case by name.
using tensors = std::map<std::string, tensor>;

/// What PyTorch computed, by case; see tests/golden/make_network_golden.py.
inline std::map<std::string, tensors> read(const std::string& name) {
    std::ifstream in{WEFT_TEST_SOURCE_DIR "/golden/" + name};
    REQUIRE(in.good());
    std::map<std::string, tensors> cases;
    tensors* current = nullptr;
    for (std::string line; std::getline(in, line);) {
        std::istringstream words{line};
        std::string first;
        words >> first;
        if (first == "#") continue;
        if (first == "case") {
            words >> first;
            current = &cases[first];
            continue;
        }
        REQUIRE(current);
        tensor& t = (*current)[first];
        for (std::size_t size; words >> size;) t.shape.push_back(size);
        std::string numbers;
        std::getline(in, numbers);
        std::istringstream values{numbers};
        for (double x; values >> x;) t.values.push_back(x);
        std::size_t count = 1;
        for (std::size_t size : t.shape) count *= size;
        REQUIRE(t.values.size() == count);
    }
    REQUIRE(!cases.empty());
    return cases;
}

inline std::vector<double> widened(const auto& numbers) {
    return std::vector<double>(std::begin(numbers), std::end(numbers));
}

/// The largest difference, relative to the largest expected number (or to `floor`, if that is larger).
inline double difference(const auto& got, const std::vector<double>& expected, double floor = 1e-2) {
    if (std::size(got) != expected.size()) return INFINITY;
    double largest = floor, worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double d = std::abs(double(got[i]) - expected[i]);
        if (!(d <= worst)) worst = d;  // keeps NaN
        largest = std::max(largest, std::abs(expected[i]));
    }
    return worst / largest;
}

/// Checks that `got` is within `tolerance` of a golden tensor; names it where it is not.
inline void close(const std::string& what, const auto& got, const std::vector<double>& expected,
                  double tolerance) {
    INFO(what);
    CHECK(difference(got, expected) <= tolerance);
}

/// Writes the parameters and statistics of a case into a model, whose names and shapes must be the case's.
template <class Model>
void load(Model& model, const tensors& from, bool statistics = true) {
    std::size_t found = 0;
    for (auto& t : model.state()) {
        const bool is_state = model.record(t.name).is_state;
        const std::string name = (is_state ? "state." : "param.") + t.name;
        INFO(name);
        REQUIRE(from.count(name) == 1);
        CHECK(from.at(name).shape == t.shape);
        if (!is_state || statistics)
            for (std::size_t i = 0; i < t.data.size(); ++i)
                model.parameter(t.name)[i] = typename Model::scalar(from.at(name).values[i]);
        ++found;
    }
    std::size_t wanted = 0;
    for (const auto& [name, t] : from) wanted += name.starts_with("param.") || name.starts_with("state.");
    CHECK(found == wanted);
}

template <class T>
std::vector<T> as(const tensor& t) {
    return std::vector<T>(t.values.begin(), t.values.end());
}

/// A trainer's gradients against the tensors "grad.NAME".
inline void gradients_match(const auto& model, const auto& train, const tensors& expected, double tolerance) {
    for (const auto& t : model.state())
        if (!model.record(t.name).is_state)
            close("gradient of " + t.name, train.gradient(t.name), expected.at("grad." + t.name).values,
                  tolerance);
}

}  // namespace golden
