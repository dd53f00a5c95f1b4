/// A layer, an activation and a loss of a user's own, written from outside, with their gradients checked.

#include "gradients.hpp"

namespace mine {

/// An activation: x / (1 + |x|), with its slope.
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

/// A second one, so that functions are told apart by more than their number.
struct cubic {
    template <class T>
    static constexpr T value(T x) {
        return x - x * x * x / 8;
    }
    template <class T>
    static constexpr T slope(T x) {
        return 1 - 3 * x * x / 8;
    }
};

/// A layer: a gated linear unit, [in] to [Features], (W x + b) * sigmoid(V x + c) (Dauphin et al., 2017).
template <int Features>
struct gated_dense_layer : weft::layer_base {
    static constexpr const char* kind = "gated_dense";
    static constexpr int primitives = 6;

    static constexpr weft::shaped output(weft::extents in) {
        if (in.rank != 1) return weft::refuse(weft::need::vector, {}, in);
        return weft::accept(weft::extents(Features));
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const auto value = half(b, x, "value"), gate = half(b, x, "gate");
        return b.multiply(value, b.activation(weft::activation_kind::sigmoid, gate, 0));
    }

private:
    template <class B>
    static constexpr auto half(B& b, typename B::value x, const char* name) {
        const int before = b.enter(name), in = x.dims[0];
        const auto weight =
            b.parameter("weight", {Features, in}, {weft::init_kind::xavier_uniform, in, Features});
        const auto bias = b.parameter("bias", weft::extents(Features), {});
        b.leave(before);
        return b.along(B::add_step, b.dense(x, weight), bias, 0);
    }
};
template <int Features>
inline constexpr gated_dense_layer<Features> gated_dense{};

/// A layer of built-in parts and a parameter of its own: x * sigmoid(W x + b) * scale, for five features.
struct gated_scale_layer : weft::layer_base {
    static constexpr weft::shaped output(weft::extents in) {
        return in == weft::extents(5) ? weft::accept(in)
                                      : weft::refuse(weft::need::exact, weft::extents(5), in);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        const auto s = b.parameter("scale", weft::extents(x.dims[0]), {weft::init_kind::ones});
        const auto gate = b.lower(weft::dense<5> >> weft::sigmoid, x);
        return b.along(B::multiply_step, b.multiply(x, gate), s, 0);
    }
};
inline constexpr gated_scale_layer gated_scale{};

/// A loss: the mean of log(cosh(prediction - target)), from a function of its own.
struct log_cosh {
    struct curve {
        template <class T>
        static constexpr T value(T x) {
            const T a = x < 0 ? -x : x;
            return a + weft::math::log1p(weft::math::exp(-2 * a)) - T(0.69314718055994530942);
        }
        template <class T>
        static constexpr T slope(T x) {
            return weft::math::tanh(x);
        }
    };
    using functions = curve;
    static constexpr bool takes_labels = false;
    static constexpr int primitives = 3;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        return b.mean(b.template custom<curve>(b.subtract(prediction, b.target(prediction.dims))));
    }
};

}  // namespace mine

namespace {

using namespace weft;

// clang-format off
constexpr auto net = input<5> >> mine::gated_dense<6> >> activation<mine::softsign>
    >> residual(dense<6> >> activation<mine::cubic> >> named<"inner">(mine::gated_dense<6> >> activation<mine::softsign>))
    >> concat(dense<3> >> activation<mine::cubic>, dense<2>) >> mine::gated_scale;
// clang-format on
static_assert(parameter_count(net) ==
              2 * (5 * 6 + 6) + (36 + 6) + 2 * (36 + 6) + (18 + 3) + (12 + 2) + 5 + (25 + 5));
static_assert(output_shape(net) == shape<5>{});

}  // namespace

TEST_CASE("a user's layers, activations and losses have right gradients", "[train][custom]") {
    gradients::check<net>("own loss", mine::log_cosh{});
    gradients::check<net>("built-in loss", mean_squared_error);
}

TEST_CASE("a user's function is computed as written", "[train][custom]") {
    // clang-format off
    constexpr auto line = input<4> >> activation<mine::softsign>;
    // clang-format on
    model<line, cpu> fast;
    model<line, reference> plain;
    const std::vector<float> x = {-3, -0.5, 0, 7};
    std::vector<float> a(4), b(4);
    fast.predict(x, a);
    plain.predict(x, b);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(a[i] == Approx(x[i] / (1 + std::abs(x[i]))).epsilon(1e-6));
        CHECK(a[i] == Approx(b[i]).epsilon(1e-6));
    }
}

TEST_CASE("a network of a user's own parts learns on the cpu", "[train][custom]") {
    model<net, cpu> m{seed{2}};
    trainer train{m, mine::log_cosh{}, adam{.learning_rate = 0.01f}, batch_capacity{8}};
    const auto numbers = gradients::random_numbers(80, 1, 1, 1.);
    const std::vector<float> x(numbers.begin(), numbers.begin() + 40), y(numbers.begin() + 40, numbers.end());
    const float first = train.step(x, y);
    float last = first;
    for (int i = 0; i < 150; ++i) last = train.step(x, y);
    CHECK(last < 0.5f * first);
    CHECK(train.gradient("0.gate.weight").size() == 30);
    CHECK(train.gradient("4.0.weight").size() == 25);
    CHECK(train.gradient("2.body.inner.0.value.bias").size() == 6);
}
