// Inference on its own: builds and runs without exceptions and without RTTI.
#include <weft/weft.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

// clang-format off
constexpr auto net = weft::input<1, 8, 8>
    >> weft::conv2d<4, weft::kernel<3>, weft::padding<1>> >> weft::relu >> weft::max_pool2d<2>
    >> weft::flatten >> weft::dense<3> >> weft::softmax;
// clang-format on

int main() {
    using model_type = weft::model<net, weft::cpu>;
    const model_type model{weft::seed{1}};
    model_type::inference_workspace space{weft::batch_capacity{2}};
    std::vector<float> images(5 * 64), classes(5 * 3);
    for (std::size_t i = 0; i < images.size(); ++i) images[i] = float(i % 7) / 7.f;
    model.predict(images, classes, space);
    for (std::size_t i = 0; i < 5; ++i) {
        const float sum = classes[3 * i] + classes[3 * i + 1] + classes[3 * i + 2];
        if (std::abs(sum - 1.f) < 1e-5f) continue;
        std::printf("the classes of image %zu add up to %g\n", i, double(sum));
        return 1;
    }
}
