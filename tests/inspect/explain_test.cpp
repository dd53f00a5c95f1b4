#include <weft/weft.hpp>

#include "catch.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<1, 6, 6> >> conv2d<2, kernel<3>> >> relu >> max_pool2d<2> >> flatten >> dense<3>;
constexpr auto one = input<10> >> dense<1>;
// clang-format on

/// The text with runs of spaces as one.
std::string narrow(const std::string& text) {
    std::string result;
    for (char c : text)
        if (c != ' ' || result.empty() || result.back() != ' ') result += c;
    return result;
}
bool contains(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("what is left of a small network for predictions") {
    CHECK(explain<net, cpu>() == R"(inference on cpu, float, batch of 1
#  operation                 layer         size            FLOPs   read  written  arena  kernel
-----------------------------------------------------------------------------------------------
0  conv2d 3x3 + bias + relu  1 conv2d      1x6x6 -> 2x4x4    640  224 B    128 B  0      cpu
1  max_pool2d 2x2            3 max_pool2d  2x4x4 -> 2x2x2     32  128 B     32 B  128    cpu
2  gemm + bias               5 dense       8 -> 3             51  140 B     12 B  0      cpu
-----------------------------------------------------------------------------------------------
   total                                                     723  492 B    172 B
arena        160 B per sample
lower bound  160 B per sample: no plan needs less
code         3 operations, 3 distinct kernels
[n] is the result of operation n; an arena offset is in bytes for each sample of the capacity,
and after a + in bytes behind all samples.
)");
}

TEST_CASE("training adds the loss and the way back") {
    const std::string text = explain<net, cpu_policy<double>, decltype(softmax_cross_entropy)>(4);
    INFO(text);
    CHECK(contains(text, "training on cpu, double, batch of 4\n"));
    CHECK(contains(text, "conv2d 3x3 + bias + relu"));
    CHECK(contains(text, "softmax_xent  "));
    CHECK(contains(text, "conv2d_weights 3x3 + bias sums"));
    CHECK(contains(text, "relu' of [0]"));
    CHECK(!contains(text, "?"));
}

TEST_CASE("bytes and operations grow with the batch, parameters do not") {
    // One dense layer: 10 parameters and a bias, all read once.
    CHECK(contains(narrow(explain<one, reference>(1)), " 21 84 B 4 B 0 reference\n"));
    CHECK(contains(narrow(explain<one, reference>(3)), " 63 164 B 12 B 0 reference\n"));
}

namespace {

struct half_native : cpu_policy<float> {
    template <class Primitive>
    static const char* kernel_name(const graph::node&, int) {
        return std::is_same_v<Primitive, graph::max_pool2d> ? "reference" : "cpu";
    }
};

}  // namespace

TEST_CASE("it shows where a policy falls back to the reference") {
    const std::string text = explain<net, half_native>();
    INFO(text);
    CHECK(contains(narrow(text), "2x4x4 -> 2x2x2 32 128 B 32 B 128 reference\n"));
    CHECK(contains(text, "cpu\n"));
}
