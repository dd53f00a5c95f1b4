/// Networks on the CUDA policy's twin: the same kernels, memory of another type, and a step as one piece of
/// work.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <string>

#include "../catch.hpp"
#include "../device_steps.hpp"
#include "weft/cuda.hpp"
#include "weft/data/digits.hpp"
#include "weft/weft.hpp"

using namespace weft;
using namespace device_steps;
using networks::everything;

namespace {

// clang-format off
constexpr auto mlp = input<6> >> dense<32> >> relu >> dense<48> >> gelu >> dense<3>;
// clang-format on

/// Losses and parameters of some steps on batches of two sizes.
template <class Policy, auto Net = small, class Optimizer>
std::vector<float> train_on(const Optimizer& optimizer, clipping clip) {
    const numbers data(48, 6, 3);
    model<Net, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, optimizer, batch_capacity{32}};
    train.clip(clip);
    std::vector<float> result;
    for (std::size_t step = 0; step < 10; ++step) {
        const std::size_t first = step % 2 ? 0 : 32, count = step % 2 ? 32 : 16;
        result.push_back(float(train.step(std::span(data.x).subspan(first * 6, count * 6),
                                          std::span(data.y).subspan(first, count))));
    }
    auto host = to<reference>(m);
    for (float p : host.parameters()) result.push_back(p);
    return result;
}

}  // namespace

TEST_CASE("cuda: the gradients of a network of everything are the reference's", "[cuda]") {
    const auto want = gradients_on<reference_policy<double>>(),
               same = gradients_on<cuda_policy<cuda_backend::host_twin, double>>(),
               got = gradients_on<cuda_twin>();
    REQUIRE(want.size() == got.size());
    REQUIRE(want.size() == same.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
        wrong += !(std::abs(same[i] - want[i]) <= 1e-11 * (1 + std::abs(want[i])));
        wrong += !(std::abs(got[i] - want[i]) <= 2e-5 * (1 + std::abs(want[i])));
    }
    CHECK(wrong == 0);
}

TEST_CASE("cuda: training steps are the cpu policy's, with dropout and clipping", "[cuda]") {
    check_close(train_on<cuda_twin>(adam{}, {}), train_on<cpu>(adam{}, {}), 1e-5);
    check_close(train_on<cuda_twin>(sgd{.learning_rate = 0.1f}, clip_by_norm{0.05f}),
                train_on<cpu>(sgd{.learning_rate = 0.1f}, clip_by_norm{0.05f}), 1e-5);
    check_close(train_on<cuda_twin>(adamw{}, clip_by_value{0.01f}),
                train_on<cpu>(adamw{}, clip_by_value{0.01f}), 1e-5);
    const auto once = train_on<cuda_twin>(adam{}, {}), again = train_on<cuda_twin>(adam{}, {});
    CHECK(std::memcmp(once.data(), again.data(), once.size() * sizeof(float)) == 0);
}

TEST_CASE("cuda: a chain of dense layers trains as one kernel, with the same numbers", "[cuda]") {
    using whole =
        program<std::remove_const_t<decltype(mlp)>, softmax_cross_entropy_loss<>, purpose::training>;
    using parted =
        program<std::remove_const_t<decltype(small)>, softmax_cross_entropy_loss<>, purpose::training>;
    STATIC_REQUIRE(cuda_twin::runs_whole<whole>());
    STATIC_REQUIRE(!cuda_twin::runs_whole<parted>());
    check_close(train_on<cuda_twin, mlp>(adam{}, {}), train_on<cpu, mlp>(adam{}, {}), 2e-5);
}

namespace {

/// A device that captures as a stream does: what a key enqueued the first time is what later runs with it do.
struct capturing_twin : cuda_backend::host_twin {
    using work = std::vector<std::function<void()>>;
    std::map<std::string, work> captured;
    mutable work* recording = nullptr;

    template <class Kernel>
    void launch(std::int64_t blocks, const Kernel& kernel) const {
        if (recording)
            recording->push_back([=] { host_twin().launch(blocks, kernel); });
        else
            host_twin::launch(blocks, kernel);
    }
    void upload(const void* from, void* to, std::size_t bytes) const {
        if (recording)
            recording->push_back([=] { std::memcpy(to, from, bytes); });
        else
            std::memcpy(to, from, bytes);
    }
    void download(const void* from, void* to, std::size_t bytes) const { upload(from, to, bytes); }
    template <class Key, class Enqueue>
    void replay(const Key& key, const Enqueue& enqueue) {
        work& all = captured[std::string(reinterpret_cast<const char*>(&key), sizeof key)];
        for (const auto& each : all) each();
        if (!all.empty()) return;
        enqueue();
        recording = &all;
        enqueue();
        recording = nullptr;
    }
};

/// Steps with other work and other settings between them.
template <class Policy, auto Net>
std::vector<float> train_in_turns() {
    const numbers data(48, 6, 3);
    model<Net, Policy> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{32}};
    const std::span x = std::span(data.x).first(32 * 6), other = std::span(data.x).last(32 * 6);
    const std::span y = std::span(data.y).first(32);
    std::vector<float> result, outputs(48 * 3);
    for (int turn = 0; turn < 3; ++turn) {
        result.push_back(float(train.compute_gradients(other, y)));
        result.push_back(float(train.step(x, y, 1 / float(1 + turn))));
        train.clip(clip_by_norm{0.01f});
        result.push_back(float(train.step(other, y)));
        train.clip(turn ? clipping(clip_by_value{1e-3f}) : clipping());
        m.predict(data.x, outputs);
        result.insert(result.end(), outputs.begin(), outputs.end());
    }
    return result;
}

}  // namespace

TEST_CASE("cuda: captured runs do what they would do uncaptured", "[cuda]") {
    using capturing = cuda_policy<capturing_twin>;
    CHECK(train_in_turns<capturing, small>() == train_in_turns<cuda_twin, small>());
    CHECK(train_in_turns<capturing, mlp>() == train_in_turns<cuda_twin, mlp>());
    check_close(train_in_turns<capturing, small>(), train_in_turns<cpu, small>(), 1e-5);
}

TEST_CASE("cuda: batches are accumulated as by the cpu policy, also where runs are captured", "[cuda]") {
    check_close(accumulate_on<cuda_twin>(), accumulate_on<cpu>(), 1e-5);
    CHECK(accumulate_on<cuda_policy<capturing_twin>>() == accumulate_on<cuda_twin>());
    model<small, cuda_twin> m;
    trainer train{m, softmax_cross_entropy, adam{}};
    CHECK_NOTHROW(train.groups({}));
    CHECK_THROWS_WITH(train.groups({no_decay_for_biases}), contains("trains all parameters alike"));
}

namespace {

/// Samples in a device's memory, labels as numbers.
template <class Memory>
struct resident_numbers {
    typename Memory::template buffer<float> x, y;

    explicit resident_numbers(const numbers& data) : x(data.x.size()), y(data.y.size()) {
        Memory::template write<float>(data.x, x.data());
        const std::vector<float> labels(data.y.begin(), data.y.end());
        Memory::template write<float>(labels, y.data());
    }
};

/// What training and predicting give for samples on the host, or on the device, or in turns; two batches, of
/// which the second starts where no packs of numbers do.
template <class Policy, auto Net>
std::vector<float> train_on_samples(bool (*on_device)(int step)) {
    using memory = typename Policy::memory;
    const numbers data(48, 6, 3);
    const resident_numbers<memory> there(data);
    model<Net, Policy> m{seed{1}, batch_capacity{20}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{32}};
    std::vector<float> result;
    for (int step = 0; step < 6; ++step) {
        const std::size_t first = step % 2 ? 1 : 16, count = step % 2 ? 17 : 32;
        const std::span x = std::span(data.x).subspan(first * 6, count * 6);
        const std::span y = std::span(data.y).subspan(first, count);
        const auto batch = typename decltype(train)::resident_batch{
            there.x.data() + std::ptrdiff_t(first * 6), there.y.data() + std::ptrdiff_t(first), count};
        result.push_back(on_device(step) ? train.compute_gradients(batch) : train.compute_gradients(x, y));
        for (auto g : train.gradients()) result.push_back(g);
        result.push_back(on_device(step) ? train.step(batch, 0.5f) : train.step(x, y, 0.5f));
        result.push_back(float(train.correct(count)));
        std::vector<float> outputs(48 * 3);
        if (on_device(step)) {
            typename memory::template buffer<float> room(outputs.size());
            m.predict(there.x.data(), room.data(), 48);
            memory::template read<float>(room.data(), outputs);
        } else {
            m.predict(data.x, outputs);
        }
        result.insert(result.end(), outputs.begin(), outputs.end());
    }
    return result;
}

template <class Policy, auto Net>
void check_samples_on_device() {
    const auto host = train_on_samples<Policy, Net>([](int) { return false; });
    CHECK(train_on_samples<Policy, Net>([](int) { return true; }) == host);
    CHECK(train_on_samples<Policy, Net>([](int step) { return step % 3 == 1; }) == host);
}

}  // namespace

TEST_CASE("cuda: samples that lie on the device are read there", "[cuda]") {
    check_samples_on_device<cuda_twin, small>();
    check_samples_on_device<cuda_twin, mlp>();
    check_samples_on_device<cuda_policy<capturing_twin>, small>();
    check_samples_on_device<cuda_policy<capturing_twin>, mlp>();
    check_samples_on_device<cuda_twin_with<bfloat16>, small>();
}

namespace {

/// As a thrust::device_vector shows its address.
template <class T>
struct wrapped_vector {
    using value_type = T;
    struct wrapped_pointer {
        T* address;
        T* get() const { return address; }
    };
    T* address;
    std::size_t count;
    wrapped_pointer data() const { return {address}; }
    std::size_t size() const { return count; }
};

}  // namespace

TEST_CASE("cuda: vectors of the device's library go in and out as they are", "[cuda]") {
    const numbers data(16, 6, 3);
    resident_numbers<cuda_twin::memory> there(data);
    cuda_twin::memory::buffer<float> room(16 * 3);
    const wrapped_vector<float> x{there.x.data().address(), 16 * 6}, y{there.y.data().address(), 16};
    wrapped_vector<float> out{room.data().address(), 16 * 3};
    model<small, cuda_twin> m{seed{1}}, same{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}}, follow{same, softmax_cross_entropy, adam{}};
    CHECK(train.step(x, y) == follow.step(data.x, data.y));
    CHECK(train.compute_gradients(x, y) == follow.compute_gradients(data.x, data.y));
    m.predict(x, out);
    std::vector<float> outputs(16 * 3);
    cuda_twin::memory::read<float>(room.data(), outputs);
    CHECK(outputs == same.predict(data.x));
    out.count = 47;
    CHECK_THROWS_WITH(m.predict(x, out), contains("96 inputs and room for 47 outputs"));
    CHECK_THROWS_WITH(train.step(x, out), contains("96 inputs and 47 targets"));
}

TEST_CASE("cuda: mistakes with samples on the device", "[cuda]") {
    numbers data(33, 6, 3);
    data.x[5] = std::numeric_limits<float>::quiet_NaN();
    const resident_numbers<cuda_twin::memory> there(data);
    model<small, cuda_twin> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{32}};
    CHECK_THROWS_WITH(train.step({there.x.data(), there.y.data(), 33}), contains("a batch of 33 samples"));
    CHECK_THROWS_WITH(train.step({there.x.data(), there.y.data(), 0}), contains("a batch of 0 samples"));
    CHECK_THROWS_WITH(train.step({there.x.data(), there.y.data(), 9}), contains("the batch: sample"));
    CHECK(std::isfinite(train.step({there.x.data() + 6, there.y.data() + 1, 32})));
}

TEST_CASE("cuda: a step whose gradients are not finite changes nothing", "[cuda]") {
    const numbers data(16, 6, 3);
    model<small, cuda_twin> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{16}};
    train.step(data.x, data.y);
    const auto before = to<reference>(m);
    std::vector<float> x = data.x;
    x[7] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH(train.step(x, data.y), contains("the batch: sample"));
    const auto after = to<reference>(m);
    CHECK(std::memcmp(before.parameters().data(), after.parameters().data(),
                      before.parameters().size_bytes()) == 0);
    CHECK(std::isfinite(train.step(data.x, data.y)));
}

TEST_CASE("cuda: a refused step takes running statistics back", "[cuda]") {
    const numbers data(16, 6, 3);
    model<normed, cuda_twin> m{seed{1}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{16}};
    train.step(data.x, data.y);
    auto before = to<reference>(m);
    std::vector<float> x = data.x;
    x[7] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(train.step(x, data.y), contains("the batch: sample"));
    CHECK_THROWS_WITH(train.step(std::span(x).first(6), std::span(data.y).first(1)),
                      contains("batch_norm of layer 1") && contains("one value per channel"));
    auto after = to<reference>(m);
    CHECK(std::equal(before.statistics().begin(), before.statistics().end(), after.statistics().begin()));
    CHECK(std::equal(before.parameters().begin(), before.parameters().end(), after.parameters().begin()));
    CHECK(std::isfinite(train.step(data.x, data.y)));
}

TEST_CASE("cuda: a model moves between policies and files with its numbers", "[cuda]") {
    const numbers data(33, 6, 3);
    model<small, cpu> first{seed{5}};
    auto there = to<cuda_twin>(first, batch_capacity{16});
    std::vector<float> want(33 * 3), got(33 * 3);
    first.predict(data.x, want);
    there.predict(data.x, got);
    check_close(got, want, 1e-6);

    const std::string path = "cuda_policy_test.safetensors";
    save(there, path);
    model<small, cuda_twin> other{seed{6}};
    load(other, path);
    std::vector<float> again(33 * 3);
    other.predict(data.x, again);
    CHECK(again == got);
    model<small, cpu> back{seed{7}};
    load(back, path);
    CHECK(std::memcmp(back.parameters().data(), first.parameters().data(), first.parameters().size_bytes()) ==
          0);
    const data::dataset<float, int> samples(data.x, data.y, 6);
    CHECK(evaluate(there, samples, softmax_cross_entropy).loss ==
          Approx(evaluate(first, samples, softmax_cross_entropy).loss).epsilon(1e-5));
    std::remove(path.c_str());
}

// The memory of a device has a type of its own.
static_assert(!std::is_convertible_v<float*, cuda_twin::memory::pointer<float>>);
static_assert(!std::is_convertible_v<cuda_twin::memory::pointer<float>, float*>);
static_assert(
    !std::is_convertible_v<cuda_twin::memory::pointer<const float>, cuda_twin::memory::pointer<float>>);

TEST_CASE("cuda: explain shows the kernel of each operation, and what is fused into one", "[cuda]") {
    const std::string parts = explain<everything, cuda_twin>(64), one = explain<mlp, cuda_twin>(64);
    CHECK_THAT(parts, contains("  tiles") && contains("direct: few channels"));
    CHECK_THAT(parts, !contains("fused into one kernel"));
    CHECK_THAT(one, contains("fused into one kernel"));
}
