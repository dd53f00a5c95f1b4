// Convolutions through a library: what it is told, the steps that it takes along, and what decides whether it
// is asked, with a stand-in that needs no GPU.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include <weft/backend/cuda/choice.hpp>
#include <weft/backend/cuda/library/convolution.hpp>

#include "conformance/problem.hpp"
#include "convolution_stand_in.hpp"

namespace {

using namespace conformance;
namespace cb = weft::cuda_backend;
using convolution_stand_in::stand_in, convolution_stand_in::way;
using weft::conv2d_geometry;

template <step_kind Kind, function Fn = function::none, operand_mode Mode = operand_mode::same>
using step = weft::step_type<Kind, Fn, Mode, 0, 0>;
template <class... Steps>
using chain = weft::chain<weft::graph::function_list<>, operand_mode::same, Steps...>;
using bias_step = step<step_kind::add, function::none, operand_mode::channel>;
using scale_step = step<step_kind::multiply, function::none, operand_mode::channel>;
using store_step = step<step_kind::store>;
using relu_step = step<step_kind::apply, function::relu>;
using tanh_step = step<step_kind::apply, function::tanh>;
using residual_step = step<step_kind::add>;
using slope_step = step<step_kind::slope_from_y, function::relu>;

conv2d_geometry random_geometry(rng& r) {
    conv2d_geometry g;
    do {
        const int groups = between(r, 0, 2) ? 1 : between(r, 2, 3);
        g = {groups * between(r, 1, 6),
             between(r, 1, 9),
             between(r, 1, 9),
             groups * between(r, 1, 6),
             between(r, 1, 4),
             between(r, 1, 4),
             between(r, 1, 3),
             between(r, 1, 3),
             between(r, 0, 2),
             between(r, 0, 2),
             between(r, 1, 2),
             between(r, 1, 2),
             groups};
    } while (g.height + 2 * g.padding_h <= g.dilation_h * (g.kernel_h - 1) ||
             g.width + 2 * g.padding_w <= g.dilation_w * (g.kernel_w - 1));
    return g;
}
/// One that weft's own tiles would do, so that by its size it is a library's.
constexpr conv2d_geometry large = {24, 6, 5, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1};
/// One for the kernel of few channels.
constexpr conv2d_geometry small = {3, 9, 9, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1};

template <class Op, class Chain>
problem<double> problem_of(rng& r, const conv2d_geometry& g, bool bias_gradient) {
    problem<double> p;
    p.batch = between(r, 1, 4);
    p.n = graph::make_node(Op{{g}});
    const int plane = g.out_h() * g.out_w();
    const bool data = is<Op, graph::conv2d_data>;
    p.n.view = {1, data ? g.channels : g.filters, data ? g.height * g.width : plane};
    const std::size_t images = std::size_t(p.batch * g.channels * g.height * g.width),
                      weights = std::size_t(g.filters * (g.channels / g.groups) * g.kernel_h * g.kernel_w),
                      results = std::size_t(p.batch * g.filters * plane);
    const auto x = numbers<double>(r, images), w = numbers<double>(r, weights),
               y = numbers<double>(r, results);
    p.in = is<Op, graph::conv2d> ? std::vector{x, w} : data ? std::vector{y, w} : std::vector{x, y};
    p.out = {is<Op, graph::conv2d> ? results : data ? images : weights};
    if (bias_gradient) p.out.push_back(std::size_t(g.filters));
    p.length = 400;
    set_steps(p.n, Chain{});
    fill_operands(p, r);
    return p;
}

/// Which ways the library went, where the results are the reference's.
template <class Op, class Chain>
std::vector<way> through(stand_in library, const conv2d_geometry& g, bool bias_gradient = false,
                         unsigned random = 1) {
    rng r(random);
    const problem<double> p = problem_of<Op, Chain>(r, g, bias_gradient);
    weft::arguments<double> a;
    const cb::host_twin device;
    outcome<double> got = prepare<double>(p, a);
    std::vector<double> scratch(cb::kernel<Op>::template scratch<double>(p.n, p.batch),
                                std::numeric_limits<double>::quiet_NaN());
    const auto own = [&] {
        library.done.push_back(way::own);
        cb::kernel<Op>::template run_own<Chain>(device, p.n, a, scratch.data());
    };
    const cb::library_convolutions<cb::host_twin, stand_in, Op, Chain, double> convolutions(
        device, library, p.n, a, scratch.data());
    if (!convolutions.run(own)) own();
    const outcome<double> want = on_reference<Op>(p);
    compare(got.out, want.out, p.length, "output");
    compare(got.operand, want.operand, p.length, "operand");
    return library.done;
}
using list = std::vector<way>;

using forward = graph::conv2d;
using data = graph::conv2d_data;
using weights = graph::conv2d_weights;

}  // namespace

TEST_CASE("cuda library: convolutions of any geometry, with what follows") {
    // Whatever their size: of the ways the first is weft's, the second the library's.
    const stand_in any{.timing = true};
    rng r(3);
    for (unsigned i = 0; i < 60; ++i) {
        const conv2d_geometry g = random_geometry(r);
        CAPTURE(i, g.channels, g.height, g.width, g.filters, g.kernel_h, g.kernel_w, g.groups);
        through<forward, chain<>>(any, g, false, i);
        through<forward, chain<bias_step, relu_step>>(any, g, false, i);
        through<forward, chain<bias_step, residual_step, relu_step, store_step, tanh_step>>(any, g, false, i);
        through<data, chain<slope_step, residual_step>>(any, g, false, i);
        through<weights, chain<>>(any, g, i % 3 != 0, i);
    }
}

TEST_CASE("cuda library: the steps that a convolution takes along") {
    using enum way;
    const stand_in all;
    CHECK(through<forward, chain<>>(all, large) == list{plain});
    CHECK(through<forward, chain<bias_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<bias_step, relu_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<bias_step, residual_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<bias_step, residual_step, relu_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<bias_step, store_step, relu_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<bias_step, tanh_step, residual_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<bias_step, bias_step, relu_step>>(all, large) == list{fused});
    CHECK(through<forward, chain<relu_step, bias_step>>(all, large) == list{plain});
    CHECK(through<forward, chain<residual_step, bias_step>>(all, large) == list{plain});
    CHECK(through<forward, chain<scale_step, bias_step, relu_step>>(all, large) == list{plain});
    CHECK(through<data, chain<bias_step, relu_step>>(all, large) == list{plain});
    CHECK(through<data, chain<slope_step>>(all, large) == list{plain});
    CHECK(through<weights, chain<>>(all, large) == list{plain});
    CHECK(through<weights, chain<>>(all, large, true) == list{plain});
}

TEST_CASE("cuda library: what decides between a library's convolution and weft's") {
    using enum way;
    using steps = chain<bias_step, relu_step, residual_step>;
    // By sizes, and by what the library offers.
    CHECK(through<forward, steps>({}, small) == list{own});
    CHECK(through<forward, steps>({.offers_fused = false}, large) == list{plain});
    CHECK(through<forward, steps>({.offers = false}, large) == list{own});
    CHECK(through<weights, chain<>>({.offers = false}, large, true) == list{own});
    // By time: all ways are gone once, and then the best.
    CHECK(through<forward, steps>({.timing = true, .best = 0}, large) == list{own, fused, plain, own});
    CHECK(through<forward, steps>({.timing = true, .best = 1}, small) == list{own, fused, plain, fused});
    CHECK(through<forward, steps>({.timing = true, .best = 2}, large) == list{own, fused, plain, plain});
    CHECK(through<forward, steps>({.offers_fused = false, .timing = true, .best = 1}, small) ==
          list{own, plain, plain});
    CHECK(through<data, chain<>>({.timing = true, .best = 1}, small) == list{own, plain, plain});
    CHECK(through<forward, steps>({.offers = false, .timing = true}, large) == list{own});
}

namespace {

template <class Narrow>
std::vector<Narrow> narrowed(std::vector<double>& x) {
    std::vector<Narrow> result;
    for (double& v : x) {
        result.push_back(Narrow(float(v)));
        v = double(float(result.back()));
    }
    return result;
}

/// A convolution whose inputs are narrow, its result too or floats, and its bias floats: which ways the
/// library went, where no error is larger than allowed.
template <class Op, class Narrow, class Out, class Chain>
list narrow_through(stand_in library, double allowed) {
    rng r(7);
    problem<double> p = problem_of<Op, Chain>(r, large, is<Op, weights>);
    const std::vector<Narrow> left = narrowed<Narrow>(p.in[0]), right = narrowed<Narrow>(p.in[1]);
    std::vector<Out> out(p.out[0]);
    std::vector<float> bias_gradient(std::size_t(large.filters)), bias,
        scratch(cb::kernel<Op>::template scratch<float>(p.n, p.batch));
    weft::arguments<float> a;
    a.batch = p.batch;
    a.in[0] = reinterpret_cast<const float*>(left.data());
    a.in[1] = reinterpret_cast<const float*>(right.data());
    a.out[0] = reinterpret_cast<float*>(out.data());
    if constexpr (is<Op, weights>) a.out[1] = bias_gradient.data();
    if constexpr (Chain::size > 0) {
        bias.assign(p.operand[0].begin(), p.operand[0].end());
        p.operand[0].assign(bias.begin(), bias.end());
        a.operand[0] = bias.data();
    }
    for (int k = 0; k < 2; ++k) p.n.types.set(k, graph::number_type::narrow);
    if (std::is_same_v<Out, Narrow>) p.n.types.set(graph::max_inputs, graph::number_type::narrow);
    using stored = cb::narrow_chain<Chain, Narrow, 3, std::is_same_v<Out, Narrow> ? 1 : 0, 0>;
    const cb::host_twin device;
    const cb::library_convolutions<cb::host_twin, stand_in, Op, stored, float> convolutions(
        device, library, p.n, a, scratch.data());
    if (!convolutions.run([] {})) return {way::own};
    const outcome<double> want = on_reference<Op>(p);
    double error = 0;
    const auto compare = [&](const auto& got, const std::vector<double>& with) {
        for (std::size_t i = 0; i < with.size(); ++i)
            error = std::max(error, std::abs(double(float(got[i])) - with[i]) / (1 + std::abs(with[i])));
    };
    compare(out, want.out[0]);
    if constexpr (is<Op, weights>) compare(bias_gradient, want.out[1]);
    CHECK(error <= allowed);
    return library.done;
}

}  // namespace

TEST_CASE("cuda library: convolutions of numbers of 16 bits") {
    using enum way;
    using weft::bfloat16, weft::float16;
    using steps = chain<bias_step, relu_step>;
    constexpr double of_half = 1e-3, of_bfloat16 = 8e-3, of_float = 2e-6;
    CHECK(narrow_through<forward, float16, float16, steps>({}, of_half) == list{fused});
    CHECK(narrow_through<forward, float16, float16, steps>({.offers_fused = false}, of_half) == list{plain});
    CHECK(narrow_through<forward, bfloat16, bfloat16, steps>({}, of_bfloat16) == list{fused});
    CHECK(narrow_through<forward, bfloat16, float, steps>({}, of_float) == list{own});
    CHECK(narrow_through<data, float16, float16, chain<>>({}, of_half) == list{plain});
    CHECK(narrow_through<weights, float16, float16, chain<>>({}, of_half) == list{plain});
    CHECK(narrow_through<weights, float16, float, chain<>>({}, of_float) == list{own});
    // What a library might do if it were asked.
    const stand_in timing{.timing = true};
    CHECK(narrow_through<forward, bfloat16, float, steps>(timing, of_float) == list{fused, plain, fused});
    CHECK(narrow_through<weights, float16, float, chain<>>(timing, of_float) == list{plain, plain});
}

namespace {

struct twin_with_library : cb::host_twin {
    static constexpr const char* convolution_library_name = "a library";
    mutable int asked = 0;

    template <class Op, class Chain, class T, class Own>
    bool library_convolution(const node&, const weft::arguments<T>&, T*, const Own& own) const {
        if (++asked == 1) return false;
        own();
        return true;
    }
};

}  // namespace

TEST_CASE("cuda library: a device's convolutions ask its library, and explain names it") {
    rng r(5);
    const problem<double> p = problem_of<forward, chain<bias_step>>(r, large, false);
    const outcome<double> want = on_reference<forward>(p);
    const twin_with_library device;
    for (int turn = 1; turn <= 2; ++turn) {
        weft::arguments<double> a;
        outcome<double> got = prepare<double>(p, a);
        std::vector<double> scratch(cb::kernel<forward>::scratch<double>(p.n, p.batch));
        cb::kernel<forward>::run<chain<bias_step>>(device, p.n, a, scratch.data());
        compare(got.out, want.out, p.length, "output");
        CHECK(device.asked == turn);
    }
    const problem<double> few = problem_of<forward, chain<>>(r, small, false);
    CHECK(cb::chosen_kernel<forward, twin_with_library, float>(p.n, 32) == "a library");
    CHECK(cb::chosen_kernel<forward, twin_with_library, float>(few.n, 32) == "direct: few channels");
    CHECK(cb::chosen_kernel<forward, cb::host_twin, float>(p.n, 32) != "a library");
}
