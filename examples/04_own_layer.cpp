// A layer, an activation and a loss of your own, from outside: weft differentiates, fuses and plans them as it does
// its own. The gradients are compared with differences of the loss.
#include <weft/weft.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

namespace mine {

/// An activation is a function of one number and its derivative.
struct softsign {
    template <class T>
    static constexpr T value(T x) {
        return x / (1 + (x < 0 ? -x : x));
    }
    template <class T>
    static constexpr T slope(T x) {
        const T d = 1 + (x < 0 ? -x : x);
        return 1 / (d * d);
    }
};

/// A layer is an empty type with a shape rule and a lowering to primitives; its gradient follows from theirs.
/// This one is a gated linear unit, [in] to [Features]: (W x + b) sigmoid(V x + c) (Dauphin et al., 2017).
template <int Features>
struct gated_dense_layer : weft::layer_base {
    static constexpr const char* kind = "gated_dense";
    static constexpr int primitives = 6;  // at most so many operations

    static constexpr weft::shaped output(weft::extents in) {
        if (in.rank != 1) return weft::refuse(weft::need::vector, {}, in);
        return weft::accept(weft::extents(Features));
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const auto gate = b.activation(weft::activation_kind::sigmoid, half(b, x, "gate"), 0);
        return b.multiply(half(b, x, "linear"), gate);
    }

private:
    /// W x + b, its parameters saved as "<name>.weight" and "<name>.bias" under the layer's own name.
    template <class B>
    static constexpr auto half(B& b, typename B::value x, const char* name) {
        const int in = x.dims[0], outside = b.enter(name);
        const auto weight = b.parameter("weight", {Features, in}, {weft::init_kind::xavier_uniform, in, Features});
        const auto bias = b.parameter("bias", weft::extents(Features), {weft::init_kind::zeros});
        b.leave(outside);
        return b.along(B::add_step, b.dense(x, weight), bias, 0);
    }
};
template <int Features>
inline constexpr gated_dense_layer<Features> gated_dense{};

/// log(cosh(x)): nearly square near zero, nearly linear beyond.
struct log_cosh {
    template <class T>
    static constexpr T value(T x) {
        return std::abs(x) + std::log1p(std::exp(-2 * std::abs(x))) - std::log(T(2));
    }
    template <class T>
    static constexpr T slope(T x) {
        return std::tanh(x);
    }
};

/// A loss declares its target and lowers to one number.
struct log_cosh_loss {
    using functions = log_cosh;
    static constexpr bool takes_labels = false;  // targets are numbers, not classes
    static constexpr bool classifies = false;
    static constexpr int primitives = 3;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        const auto target = b.target(prediction.dims);
        return b.mean(b.template custom<log_cosh>(b.subtract(prediction, target)));
    }
};
inline constexpr log_cosh_loss log_cosh_error{};

}  // namespace mine

constexpr auto net =
    weft::input<3> >> mine::gated_dense<8> >> weft::activation<mine::softsign> >> weft::dense<1>;
static_assert(weft::parameter_count(net) == 2 * (3 * 8 + 8) + 8 + 1);

int main() {
    std::puts(weft::summary(net).c_str());

    // In double, so that the differences are exact enough to compare with.
    weft::model<net, weft::cpu_policy<double>> model{weft::seed{1}};
    weft::trainer train{model, mine::log_cosh_error, weft::adam{.learning_rate = 0.02f}, weft::batch_capacity{64}};
    std::vector<double> x(64 * 3), y(64);
    weft::random_stream random(weft::seed{2}, 0);
    for (double& number : x) number = 2 * double(random.uniform()) - 1;
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = x[3 * i] * x[3 * i + 1] - x[3 * i + 2];

    train.compute_gradients(x, y);
    const std::vector<double> gradients(train.gradients().begin(), train.gradients().end());
    double worst = 0;
    for (std::size_t i = 0; i < gradients.size(); ++i) {
        double& parameter = model.parameters()[i];
        const double before = parameter, h = 1e-5;
        parameter = before + h;
        const double above = train.compute_gradients(x, y);
        parameter = before - h;
        const double below = train.compute_gradients(x, y);
        parameter = before;
        worst = std::fmax(worst, std::fabs((above - below) / (2 * h) - gradients[i]));
    }
    std::printf("%zu gradients, off by at most %.1e\n", gradients.size(), worst);

    const double first = train.step(x, y);
    double last = first;
    for (int i = 0; i < 500; ++i) last = train.step(x, y);
    std::printf("loss %.4f, after 500 steps %.6f\n", first, last);
    return worst < 1e-8 && last < first / 20 ? 0 : 1;
}
