#include <weft/weft.hpp>

// clang-format off
constexpr auto net = weft::input<4> >> weft::dense<3>;
// clang-format on

float first_output_in_two() {
    weft::model<net, weft::cpu> model{weft::seed{1}};
    const float x[4] = {1, 2, 3, 4};
    float y[3];
    model.predict(x, y);
    return y[0];
}
