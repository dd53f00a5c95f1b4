#include <weft/weft.hpp>
#ifdef CONSUMER_HAS_ZLIB
#include <weft/data/mnist.hpp>
#endif

#include <cstdio>

// clang-format off
constexpr auto net = weft::input<4> >> weft::dense<3>;
// clang-format on
static_assert(weft::parameter_count(net) == 15);

int main() {
    weft::model<net, weft::cpu> model{weft::seed{1}};
    const float x[4] = {1, 2, 3, 4};
    float y[3];
    model.predict(x, y);
#ifdef CONSUMER_HAS_ZLIB
    try {
        weft::data::mnist("no/such/folder");
        return 1;
    } catch (const weft::error& failure) {
        std::puts(failure.what());
    }
#endif
    std::printf("weft %d.%d.%d works: %g %g %g\n", WEFT_VERSION_MAJOR, WEFT_VERSION_MINOR, WEFT_VERSION_PATCH,
                double(y[0]), double(y[1]), double(y[2]));
}
