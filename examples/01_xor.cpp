// A network that the compiler itself evaluates: all that this program claims is checked before it runs.
#include <weft/weft.hpp>

#include <array>
#include <cstdio>

constexpr auto xor_net = weft::input<2> >> weft::dense<2> >> weft::relu >> weft::dense<1>;

static_assert(weft::parameter_count(xor_net) == 9);
static_assert(weft::output_shape(xor_net) == weft::shape<1>{});

// In the order of PyTorch's state_dict: 0.weight [2, 2], 0.bias [2], 2.weight [1, 2], 2.bias [1].
constexpr std::array<float, 9> weights{1, 1, 1, 1, 0, -1, 1, -2, 0};

constexpr float exclusive_or(float a, float b) {
    return weft::evaluate_constant<xor_net>(weights, std::array{a, b})[0];
}

static_assert(exclusive_or(0, 0) == 0);
static_assert(exclusive_or(0, 1) == 1);
static_assert(exclusive_or(1, 0) == 1);
static_assert(exclusive_or(1, 1) == 0);

int main() {
    // The same network, with the same weights, at run time.
    weft::model<xor_net, weft::cpu> model;
    std::copy(weights.begin(), weights.end(), model.parameters().begin());
    const std::array<float, 8> inputs{0, 0, 0, 1, 1, 0, 1, 1};
    std::array<float, 4> outputs;
    model.predict(inputs, outputs);
    for (std::size_t i = 0; i < 4; ++i)
        std::printf("%g xor %g = %g\n", double(inputs[2 * i]), double(inputs[2 * i + 1]), double(outputs[i]));
    return outputs == std::array<float, 4>{0, 1, 1, 0} ? 0 : 1;
}
