// A primitive of your own, from outside: an operation that is no composition of weft's, with its gradient and with
// kernels for the policies it cares about. weft counts, fuses and plans it as it does its own.
#include <weft/weft.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

namespace mine {

/// in: x[steps, features]; out: y, where y[t] = y[t - 1] + share (x[t] - y[t - 1]), from y[-1] = 0: exponential
/// smoothing. Backwards in time it is its own transpose, up to a turn: the gradient is the same operation from the end.
struct smoothing {
    int steps, features;
    float share;
    int from_end;

    static constexpr const char* name = "smoothing";
    static constexpr int inputs = 1, outputs = 1;
    static constexpr bool takes_steps = true;  // what follows may run over its result
    constexpr weft::graph::port in(int) const { return {weft::extents(steps, features)}; }
    constexpr weft::graph::port out(int) const { return {weft::extents(steps, features)}; }
    constexpr std::int64_t flops(const weft::graph::node&) const { return 3 * std::int64_t(steps) * features; }

    template <class D>
    static constexpr void gradient(D& d, const weft::graph::node& n) {
        smoothing back = n.as<smoothing>();
        back.from_end = !back.from_end;
        d.add(n.in[0], d.emit(back, {d.of(n.out[0])}));
    }

    /// Samples [first, last), for any policy of the host.
    template <class T>
    static constexpr void run(const smoothing& p, const weft::arguments<T>& a, std::ptrdiff_t first,
                              std::ptrdiff_t last) {
        const std::ptrdiff_t size = std::ptrdiff_t(p.steps) * p.features;
        const std::ptrdiff_t step = p.from_end ? -p.features : p.features, start = p.from_end ? size - p.features : 0;
        for (std::ptrdiff_t s = first; s < last; ++s)
            for (int f = 0; f < p.features; ++f) {
                T now = 0;
                for (std::ptrdiff_t t = 0, at = s * size + start + f; t < p.steps; ++t, at += step)
                    a.out[0][at] = now += T(p.share) * (a.in[0][at] - now);
            }
    }
};

}  // namespace mine

/// The reference's kernel: all samples.
template <>
struct weft::reference_backend::kernel<mine::smoothing> {
    template <class T>
    static constexpr void run(const mine::smoothing& p, const arguments<T>& a) {
        mine::smoothing::run(p, a, 0, a.batch);
    }
};
/// And the CPU's: some samples, so that threads share them and what follows runs while they are in cache. (Without it
/// the CPU would fall back to the reference's.)
template <>
struct weft::cpu_backend::kernel<mine::smoothing> : sample_kernel<mine::smoothing> {
    template <class T>
    static void samples(const mine::smoothing& p, const arguments<T>& a, std::ptrdiff_t first, std::ptrdiff_t last) {
        mine::smoothing::run(p, a, first, last);
    }
};

namespace mine {

/// Smooths each feature of [steps, features] over time.
template <weft::real Share>
struct smooth_layer : weft::layer_base {
    using own_primitives = smoothing;  // what it brings; several stand in a weft::graph::primitive_list
    static constexpr const char* kind = "smooth";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents in) {
        return in.rank == 2 ? weft::accept(in) : weft::refuse(weft::need::vector, {}, in);
    }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.emit(smoothing{x.dims[0], x.dims[1], Share.value(), 0}, x);
    }
};
template <weft::real Share>
inline constexpr smooth_layer<Share> smooth{};

}  // namespace mine

constexpr auto net = weft::input<12, 3> >> weft::dense<4> >> mine::smooth<0.3> >> weft::tanh_activation >>
                     mine::smooth<0.5> >> weft::flatten >> weft::dense<1>;

template <class Policy>
double worst_gradient() {
    weft::model<net, Policy> model{weft::seed{1}};
    weft::trainer train{model, weft::mean_squared_error, weft::sgd{}, weft::batch_capacity{16}};
    std::vector<double> x(16 * 36), y(16);
    weft::random_stream random(weft::seed{2}, 0);
    for (double& number : x) number = 2 * double(random.uniform()) - 1;
    for (double& number : y) number = double(random.uniform());
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
    return worst;
}

int main() {
    std::puts(weft::explain<net, weft::cpu, decltype(weft::mean_squared_error)>().c_str());
    const double on_reference = worst_gradient<weft::reference_policy<double>>(),
                 on_cpu = worst_gradient<weft::cpu_policy<double, weft::threads<2>>>();
    std::printf("gradients are off by at most %.1e on the reference, %.1e on the CPU\n", on_reference, on_cpu);
    return on_reference < 1e-8 && on_cpu < 1e-8 ? 0 : 1;
}
