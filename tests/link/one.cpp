// Two translation units that both include weft and both make the same model must link.
#include <weft/weft.hpp>

// clang-format off
constexpr auto net = weft::input<4> >> weft::dense<3>;
// clang-format on
static_assert(weft::parameter_count(net) == 15);

float first_output_in_two();

int main() {
    weft::model<net, weft::cpu> model{weft::seed{1}};
    const float x[4] = {1, 2, 3, 4};
    float y[3];
    model.predict(x, y);
    return y[0] == first_output_in_two() ? 0 : 1;
}
