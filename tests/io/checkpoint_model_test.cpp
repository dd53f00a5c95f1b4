/// Models in safetensors files: round trips, mismatches, and exchange with PyTorch.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../catch.hpp"
#include "weft/weft.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto net = input<2, 5, 5> >> conv2d<4, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<6, kernel<3>, padding<1>> >> batch_norm, conv2d<6>) >> flatten
    >> named<"head">(dense<3>);
constexpr auto wider = input<2, 5, 5> >> conv2d<4, kernel<3>, padding<1>> >> batch_norm >> relu
    >> residual(conv2d<6, kernel<3>, padding<1>> >> relu, conv2d<6>) >> flatten
    >> named<"top">(dense<3>);
constexpr auto deeper = input<2, 5, 5> >> conv2d<4, kernel<5>, padding<2>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<6, kernel<3>, padding<1>> >> batch_norm, conv2d<6>) >> flatten
    >> named<"head">(dense<2>);
// clang-format on

/// A folder that is gone when the test is over.
struct folder {
    std::filesystem::path path;
    explicit folder(const std::string& name)
        : path(std::filesystem::temp_directory_path() /
               ("weft_checkpoint_" + name + "_" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path);
    }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

std::vector<float> some_inputs(std::size_t n) {
    random_stream draw{seed{9}, 1};
    std::vector<float> x(n);
    for (float& v : x) v = 2 * draw.uniform() - 1;
    return x;
}

/// A model whose parameters and statistics have been through three steps.
template <class Policy>
model<net, Policy> trained() {
    model<net, Policy> m{seed{6}};
    trainer train{m, softmax_cross_entropy, sgd{.learning_rate = 0.1f}, batch_capacity{4}};
    for (int i = 0; i < 3; ++i) train.step(some_inputs(200), std::vector<int>{0, 1, 2, 1});
    return m;
}

template <class Model>
std::vector<typename Model::scalar> predictions(Model& m) {
    const auto x = some_inputs(200);
    std::vector<typename Model::scalar> y(12);
    m.predict(std::vector<typename Model::scalar>(x.begin(), x.end()), y);
    return y;
}

void write(const std::filesystem::path& path, const std::vector<float>& numbers) {
    std::ofstream out(path);
    out.precision(9);
    for (float v : numbers) out << v << ' ';
}
std::vector<float> read(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::vector<float> numbers;
    for (float v; in >> v;) numbers.push_back(v);
    return numbers;
}

}  // namespace

TEST_CASE("a model with its statistics comes back from a file", "[io][checkpoint]") {
    const folder f("round_trip");
    auto m = trained<cpu>();
    CHECK(m.parameter("1.running_mean")[0] != 0);
    CHECK(m.parameter("3.body.1.running_var")[0] != 1);
    save(m, f.path / "m.safetensors");
    model<net, cpu> again{seed{99}};
    CHECK(predictions(again) != predictions(m));
    load(again, f.path / "m.safetensors");
    CHECK(predictions(again) == predictions(m));
    const auto before = m.state(), after = again.state();
    REQUIRE(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        CHECK(before[i].name == after[i].name);
        CHECK(std::vector<float>(before[i].data.begin(), before[i].data.end()) ==
              std::vector<float>(after[i].data.begin(), after[i].data.end()));
    }
}

TEST_CASE("a file crosses between policies and scalars", "[io][checkpoint]") {
    const folder f("policies");
    auto m = trained<cpu>();
    save(m, f.path / "m.safetensors");
    model<net, reference_policy<double>> wide;
    load(wide, f.path / "m.safetensors");
    const auto a = predictions(m);
    const auto b = predictions(wide);
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(double(a[i]) == Approx(b[i]).epsilon(1e-4).margin(1e-5));
}

TEST_CASE("a file of another network is refused, with every difference", "[io][checkpoint]") {
    const folder f("mismatch");
    auto m = trained<cpu>();
    save(m, f.path / "m.safetensors");
    model<wider, reference> other{seed{2}};
    const auto before = predictions(other);
    CHECK_THROWS_WITH(load(other, f.path / "m.safetensors"),
                      contains("0.bias [4]") && contains("top.weight [3, 150]") && contains("top.bias [3]") &&
                          contains("head.weight [3, 150]") && contains("3.body.1.running_var [6]") &&
                          contains("m.safetensors"));
    CHECK(predictions(other) == before);
    model<deeper, reference> different;
    CHECK_THROWS_WITH(load(different, f.path / "m.safetensors"),
                      contains("0.weight is [4, 2, 3, 3] in the file, [4, 2, 5, 5] in the model") &&
                          contains("head.bias is [3] in the file, [2] in the model") &&
                          !contains("1.running_mean"));
    CHECK_THROWS_WITH(load(other, f.path / "none.safetensors"), contains("none.safetensors"));
}

TEST_CASE("models cross between weft and PyTorch", "[io][checkpoint]") {
    const folder f("torch");
    auto m = trained<cpu>();
    save(m, f.path / "weft.safetensors");
    write(f.path / "inputs.txt", some_inputs(200));
    write(f.path / "weft.txt", predictions(m));
    const auto script = std::filesystem::path(__FILE__).replace_filename("model_interop.py");
    const int status = std::system(("python3 '" + script.string() + "' '" + f.path.string() + "'").c_str());
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127) {
        WARN("SKIPPED: needs python3 with torch and safetensors");
        return;
    }
    REQUIRE(WEXITSTATUS(status) == 0);
    model<net, cpu> loaded;
    load(loaded, f.path / "torch.safetensors");
    const auto expected = read(f.path / "torch.txt"), got = predictions(loaded);
    REQUIRE(expected.size() == got.size());
    CHECK(got != predictions(m));
    for (std::size_t i = 0; i < got.size(); ++i)
        CHECK(got[i] == Approx(expected[i]).epsilon(1e-4).margin(1e-5));
}
