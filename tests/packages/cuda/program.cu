#include <cstdio>
#include <weft/cuda.hpp>
#include <weft/weft.hpp>

// clang-format off
constexpr auto net = weft::input<20> >> weft::dense<32> >> weft::relu >> weft::dense<3>;
// clang-format on

int main() {
    int gpus = 0;
    if (cudaGetDeviceCount(&gpus) != cudaSuccess || gpus == 0) return std::puts("no GPU: built only") < 0;
    weft::model<net, weft::cuda> model{weft::seed{1}};
    float x[20] = {1}, y[3];
    model.predict(x, y);
    return !(y[0] == y[0]);
}
