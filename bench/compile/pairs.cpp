// PAIRS times dense and relu, of one width: what does one more pair cost?
#include <vector>
#include <weft/weft.hpp>

constexpr auto net = weft::input<64> >> weft::repeat<PAIRS>(weft::dense<64> >> weft::relu) >> weft::dense<10>;

int main() {
    weft::model<net, weft::cpu> model{weft::seed{1}};
    weft::trainer train{model, weft::softmax_cross_entropy, weft::sgd{}};
    const std::vector<float> x(64 * 64, 0.5f);
    const std::vector<int> y(64, 3);
    return int(train.step(x, y));
}
