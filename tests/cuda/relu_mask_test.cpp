// Masks of relu on the stand-in of a library that writes and reads them: gradients are the same bits with and
// without, and a mask is read only where it was written.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif
#include <algorithm>
#include <memory>
#include <weft/cuda.hpp>
#include <weft/weft.hpp>

#include "cuda/narrow.hpp"
#include "cuda/product_stand_in.hpp"

namespace {

using namespace conformance;
namespace cb = weft::cuda_backend;
using cb::epilogue;
using list = std::vector<epilogue>;
using product_stand_in::stand_in;
using weft::bfloat16;
using weft::float16;

using bias_step = step<step_kind::add, operand_mode::channel>;
using relu_step = step<step_kind::apply, operand_mode::same, function::relu>;
using store_step = step<step_kind::store>;
using slope_step = step<step_kind::slope_from_y, operand_mode::same, function::relu>;
using residual_step = step<step_kind::add>;

/// Numbers at addresses that are multiples of 16, or not.
template <class T>
struct aligned_numbers {
    std::vector<T> all;
    T* at;
    explicit aligned_numbers(std::int64_t size, int skip = 0) : all(std::size_t(size) + 32, T(-1)) {
        const auto bits = reinterpret_cast<std::uintptr_t>(all.data());
        at = all.data() + ((bits + 15) / 16 * 16 - bits) / sizeof(T) + skip;
    }
};

/// A layer of dense and relu with `features` outputs, and the product of gradients that comes back to it.
/// Both are run by a library; Stored is what the layer's result and gradients are held in.
template <class T, class Stored, class Forward = chain<bias_step, relu_step>>
class layer {
public:
    explicit layer(int features, int skip = 0)
        : features_(features), mask_(samples * cb::mask_row(features) / 32, skip) {
        rng r(7);
        const auto fill = [&](std::vector<Stored>& to, std::int64_t size) {
            for (T x : small_numbers<T>(r, size)) to.push_back(Stored(x));
        };
        fill(x_, samples * inputs), fill(w_, std::int64_t(inputs) * features), fill(bias_, features);
        fill(dy_, samples * outputs), fill(next_w_, std::int64_t(outputs) * features);
        y_.resize(std::size_t(samples * features)), dx_ = y_, kept_ = y_;
    }
    void forward(stand_in& library) {
        weft::arguments<T> a = arguments_of(x_, w_, y_);
        a.out[1] = mask_.at;
        a.operand[0] = numbers_of(bias_);
        a.operand[2] = numbers_of(kept_);
        run<graph::gemm, Forward>(library, make<graph::gemm>({1, features_, inputs}, 1), a);
    }
    std::vector<Stored> backward(stand_in& library) {
        weft::arguments<T> a = arguments_of(dy_, next_w_, dx_);
        a.in[2] = mask_.at;
        a.operand[0] = a.operand[1] = numbers_of(Forward::size > 2 ? kept_ : y_);
        run<graph::gemm_data, chain<slope_step, residual_step>>(
            library, make<graph::gemm_data>({1, outputs, features_}, 1), a);
        return dx_;
    }

    bool mask_ends() const { return mask_.at[samples * cb::mask_row(features_) / 32] == T(-1); }

private:
    static constexpr int samples = 5, inputs = 9, outputs = 6;

    static T* numbers_of(std::vector<Stored>& all) { return reinterpret_cast<T*>(all.data()); }
    static weft::arguments<T> arguments_of(std::vector<Stored>& in, std::vector<Stored>& w,
                                           std::vector<Stored>& out) {
        weft::arguments<T> a;
        a.in[0] = numbers_of(in), a.in[1] = numbers_of(w), a.out[0] = numbers_of(out);
        a.batch = samples;
        return a;
    }
    template <class Op, class Chain>
    void run(stand_in& library, weft::graph::node n, const weft::arguments<T>& a) const {
        n.view = {1, features_, 1};
        using stored =
            std::conditional_t<std::is_same_v<T, Stored>, Chain, cb::narrow_chain<Chain, Stored, 3, 1, 0xff>>;
        const cb::host_twin device;
        CHECK(cb::library_products<cb::host_twin, stand_in, Op, stored, T>(device, library, n, a, nullptr)
                  .run());
    }

    int features_;
    std::vector<Stored> x_, w_, bias_, y_, kept_, dy_, next_w_, dx_;
    aligned_numbers<T> mask_;
};

/// What a library did forward and backward, where the gradients are the bits of a library without masks.
template <class T, class Stored, class Forward = chain<bias_step, relu_step>>
list through(int features, int skip = 0) {
    layer<T, Stored, Forward> with(features, skip), without(features);
    stand_in library, plain{.masks_relu = false};
    with.forward(library), without.forward(plain);
    const std::vector<Stored> got = with.backward(library), want = without.backward(plain);
    CHECK(std::memcmp(got.data(), want.data(), got.size() * sizeof(Stored)) == 0);
    CHECK(std::count(got.begin(), got.end(), got[0]) < std::ptrdiff_t(got.size()));
    CHECK(with.mask_ends());
    return library.done;
}

}  // namespace

TEST_CASE("cuda relu masks: written by a product, read by that of its slope", "[cuda]") {
    using enum epilogue;
    for (const int features : {128, 256, 8, 130}) {
        CHECK(through<float, float>(features) == list{relu_aux_bias, relu_slope});
        CHECK(through<float, float16>(features) == list{relu_aux_bias, relu_slope});
    }
    CHECK(through<double, double>(128) == list{relu_aux_bias, relu_slope});
    CHECK(through<float, bfloat16>(128) == list{relu_aux_bias, relu_slope});
    CHECK(through<float, float, chain<relu_step>>(128) == list{relu_aux, relu_slope});
    CHECK(through<float, float16, chain<bias_step, relu_step, store_step>>(128) ==
          list{relu_aux_bias, relu_slope});
    CHECK(through<float, float>(128, 1) == list{relu_bias, plain});  // an address that is no multiple of 16
}

TEST_CASE("cuda relu masks: read only where the run wrote them", "[cuda]") {
    using enum epilogue;
    layer<float, float> a(128), b(128);
    stand_in library;
    const auto backward = [&](layer<float, float>& l) {
        library.done.clear();
        static_cast<void>(l.backward(library));
        return library.done;
    };
    CHECK(backward(a) == list{plain});
    a.forward(library);
    CHECK(backward(b) == list{plain});
    CHECK(backward(a) == list{relu_slope});
    CHECK(backward(a) == list{relu_slope});
    library.fused_is_better = false;  // as a measurement may find
    a.forward(library);
    library.fused_is_better = true;
    CHECK(backward(a) == list{plain});
    a.forward(library);
    library.fused_is_better = false;
    CHECK(backward(a) == list{plain, plain});
    library = {.epilogues = false};
    a.forward(library);
    CHECK(backward(a) == list{plain});
}

namespace {

/// A twin whose products are a library's.
template <bool Masks>
struct library_twin : cb::host_twin {
    static constexpr const char* library_name = "a library";
    static inline list done;

    std::unique_ptr<stand_in> library = std::make_unique<stand_in>(stand_in{.masks_relu = Masks});

    template <class Op, class Chain, class T>
    bool library_product(const weft::graph::node& n, const weft::arguments<T>& a, T* scratch) const {
        library->done.clear();
        const bool is_done =
            cb::library_products<library_twin, stand_in, Op, Chain, T>(*this, *library, n, a, scratch).run();
        done.insert(done.end(), library->done.begin(), library->done.end());
        return is_done;
    }
};

using namespace weft;
// clang-format off
constexpr auto deep = input<6> >> dense<256> >> relu >> dense<128, no_bias> >> relu >> dense<136> >> relu >> dense<3>;
// clang-format on

/// Parameters after some steps on batches of two sizes.
template <class Device, class Narrow>
std::vector<float> train_on() {
    std::vector<float> x(32 * 6);
    std::vector<int> y(32);
    random_stream draw{seed{11}, 5};
    for (float& v : x) v = 2 * draw.uniform() - 1;
    for (int& v : y) v = int(draw.below(3));
    Device::done.clear();
    model<deep, cuda_policy<Device, float, Narrow>> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{32}};
    for (std::size_t step = 0; step < 4; ++step) {
        const std::size_t count = step % 2 ? 32 : 20;
        train.step(std::span(x).first(count * 6), std::span(y).first(count));
    }
    auto host = to<reference>(m);
    return {host.parameters().begin(), host.parameters().end()};
}
template <class Narrow>
void check_training() {
    using enum epilogue;
    const auto want = train_on<library_twin<false>, Narrow>();
    CHECK(std::count(library_twin<false>::done.begin(), library_twin<false>::done.end(), relu_bias) == 2 * 4);
    const auto got = train_on<library_twin<true>, Narrow>();
    CHECK(std::memcmp(got.data(), want.data(), want.size() * sizeof(float)) == 0);
    const list& done = library_twin<true>::done;
    CHECK(std::count(done.begin(), done.end(), relu_aux_bias) == 2 * 4);
    CHECK(std::count(done.begin(), done.end(), relu_aux) == 4);
    CHECK(std::count(done.begin(), done.end(), relu_slope) == 3 * 4);
}

}  // namespace

TEST_CASE("cuda relu masks: training with them is training without", "[cuda]") {
    check_training<float>();
    check_training<float16>();
    using net = std::remove_cv_t<decltype(deep)>;
    using loss = softmax_cross_entropy_loss<>;
    using plain = program_for<cpu, net, loss, purpose::training>;
    STATIC_REQUIRE(std::is_same_v<program_for<cuda_twin, net, loss, purpose::training>, plain>);
    STATIC_REQUIRE(
        !std::is_same_v<program_for<cuda_policy<library_twin<true>>, net, loss, purpose::training>, plain>);
}

TEST_CASE("cuda relu masks: explain says what a library is asked for", "[cuda]") {
    using policy = cuda_policy<library_twin<true>>;
    const std::string training = explain<deep, policy, softmax_cross_entropy_loss<>>(64);
    CHECK_THAT(training, contains("a library: bias + relu + its mask\n"));
    CHECK_THAT(training, contains("a library: relu + its mask\n"));
    CHECK_THAT(training, contains("a library: relu' from its mask\n"));
    CHECK_THAT(training, contains("a library: bias sums\n"));
    const std::string predicting = explain<deep, policy>(64);
    CHECK_THAT(predicting, contains("a library: bias + relu\n"));

    graph::node n = make<graph::gemm>({1, 12, 5}, 1);
    n.view = {1, 12, 1};
    n.add_step({.kind = step_kind::add, .mode = operand_mode::channel});
    n.add_step({.kind = step_kind::store});
    n.add_step({.kind = step_kind::apply, .fn = function::gelu_tanh});
    CHECK(cb::library_text<graph::gemm>("A", n) == "A, then 3 steps");  // aux needs rows of 8
    n.set(graph::gemm{{1, 16, 5}});
    n.view.channels = 16;
    CHECK(cb::library_text<graph::gemm>("A", n) == "A: bias + keep + gelu_tanh");
    n.types.set(graph::max_inputs + graph::max_outputs + 1, graph::number_type::narrow);
    CHECK(cb::library_text<graph::gemm>("A", n) == "A: bias, then 2 steps");
    n.view.inner = 2;
    CHECK(cb::library_text<graph::gemm>("A", n) == "A, then 3 steps");
}
