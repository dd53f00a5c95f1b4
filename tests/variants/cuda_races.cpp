// CUDA kernels with a thread of the host for each thread of a block, under ThreadSanitizer: a sync() that is
// missing is a race that it reports. (The twin, which runs a block's threads in turn, cannot see one.)
#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "weft/cuda.hpp"
#include "weft/weft.hpp"

using namespace weft;
using cuda_backend::registers;
using cuda_backend::thread_range;
using cuda_backend::warp;

namespace {

/// What the threads of a block share to meet.
template <int Threads>
struct team {
    pthread_barrier_t barrier, of_warp[Threads / warp];
    const void* shown[Threads];

    team() {
        pthread_barrier_init(&barrier, nullptr, Threads);
        for (auto& each : of_warp) pthread_barrier_init(&each, nullptr, warp);
    }
    ~team() {
        pthread_barrier_destroy(&barrier);
        for (auto& each : of_warp) pthread_barrier_destroy(&each);
    }
    void meet() { pthread_barrier_wait(&barrier); }
    /// Of the threads of a warp, which what they do together does not keep from racing with other warps.
    void meet_warp(int me) { pthread_barrier_wait(&of_warp[me / warp]); }
};

/// A block as one of its threads sees it.
template <int Threads>
struct thread_block {
    static constexpr int threads = Threads;
    std::int64_t number;
    int me;
    team<Threads>* all;

    template <class T>
    struct local {
        T value;
        T& operator[](int) { return value; }
        const T& operator[](int) const { return value; }
    };
    std::int64_t index() const { return number; }
    thread_range::iterator begin() const { return {me}; }
    thread_range::iterator end() const { return {me + 1}; }
    void sync() const { all->meet(); }
    template <class T>
    local<T> exchanged(const local<T>& x, int offset) const {
        all->shown[me] = &x;
        all->meet_warp(me);
        const local<T> result = *static_cast<const local<T>*>(all->shown[me ^ offset]);
        all->meet_warp(me);
        return result;
    }
    template <bool Transposed, class Narrow, int Count>
    void load_matrices(const local<const Narrow*>& row, int offset, int step,
                       local<registers<Count>>& to) const {
        all->shown[me] = row.value;
        all->meet_warp(me);
        for (int i = 0; i < Count / 4; ++i) {
            const Narrow* rows[warp];
            for (int lane = 0; lane < warp; ++lane)
                rows[lane] =
                    static_cast<const Narrow*>(all->shown[me / warp * warp + lane]) + offset + i * step;
            for (int r = 0; r < 4; ++r)
                to.value.at[i * 4 + r] = cuda_backend::loaded_pair<Transposed>(rows, me % warp, r);
        }
        all->meet_warp(me);
    }
    template <class Narrow, int A, int B, int M, int N>
    void multiply_add(const local<registers<A>>& a, const local<registers<B>>& b,
                      local<cuda_backend::warp_sums<M, N>>& sums, int from = 0) const {
        const std::pair<const std::uint32_t*, const std::uint32_t*> mine{a.value.at, b.value.at};
        all->shown[me] = &mine;
        all->meet_warp(me);
        cuda_backend::whole_factors factors;
        for (int i = 0; i < M; ++i)
            for (int j = 0; j < N; ++j) {
                for (int lane = 0; lane < warp; ++lane) {
                    const auto& theirs =
                        *static_cast<const decltype(mine)*>(all->shown[me / warp * warp + lane]);
                    factors.set_a<Narrow>(lane, theirs.first + 4 * (from + i));
                    factors.set_b<Narrow>(lane, theirs.second + 2 * j);
                }
                factors.multiply_add(me % warp, sums.value.at[i][j]);
            }
        all->meet_warp(me);
    }
};

struct threads_device : cuda_backend::host_twin {
    template <class Kernel>
    void launch(std::int64_t blocks, const Kernel& kernel) const {
        const auto memory = std::make_unique<typename Kernel::shared>();
        team<Kernel::threads> all;
        const auto work = [&](int me) {
            for (std::int64_t i = 0; i < blocks; ++i) {
                thread_block<Kernel::threads> block{i, me, &all};
                kernel(block, *memory);
                all.meet();  // the next block's shared memory is another
            }
        };
        std::vector<std::thread> threads;
        for (int t = 0; t < Kernel::threads; ++t) threads.emplace_back(work, t);
        for (std::thread& t : threads) t.join();
    }
};

// clang-format off
constexpr auto mixed = input<2, 6, 6>
    >> conv2d<4, kernel<3>, padding<1>, no_bias> >> batch_norm >> relu
    >> residual(conv2d<4, kernel<3>, padding<1>, groups<2>> >> silu)
    >> concat(max_pool2d<2>, avg_pool2d<2>) >> upsample2d<2> >> conv2d<12, kernel<3>, stride<3>> >> weft::tanh >> flatten
    >> layer_norm >> dense<9> >> gelu >> dense<5> >> softmax >> dense<3>;
constexpr auto mlp = input<6> >> dense<16> >> relu >> dense<16> >> relu >> dense<3>;
// clang-format on

/// A step on a small batch: the loss, and all parameters after it.
template <auto Net, class Device, class Narrow>
std::vector<float> step_on() {
    constexpr std::size_t batch = 3, size = std::remove_cvref_t<decltype(Net)>::input_type::size;
    random_stream draw{seed{11}, 5};
    std::vector<float> x(batch * size);
    for (float& v : x) v = 2 * draw.uniform() - 1;
    model<Net, cuda_policy<Device, float, Narrow>> m{seed{1}, batch_capacity{int(batch)}};
    trainer train{m, softmax_cross_entropy, adam{}, batch_capacity{int(batch)}};
    train.clip(clip_by_norm{0.1f});
    std::vector<float> result{train.step(x, std::vector<int>{2, 0, 1})};
    const auto host = to<reference>(m);
    result.insert(result.end(), host.parameters().begin(), host.parameters().end());
    return result;
}

bool agree(const char* name, const std::vector<float>& got, const std::vector<float>& want) {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < got.size(); ++i) wrong += !(std::abs(got[i] - want[i]) <= 1e-4f);
    std::printf("%s: %zu of %zu numbers differ from the twin's\n", name, wrong, got.size());
    return wrong == 0;
}
template <auto Net, class Narrow = float>
bool agree(const char* name) {
    return agree(name, step_on<Net, threads_device, Narrow>(),
                 step_on<Net, cuda_backend::host_twin, Narrow>());
}

// clang-format off
constexpr auto layers = input<70> >> dense<48> >> gelu >> dense<32> >> relu >> dense<3>;
// clang-format on
using layers_type = std::remove_const_t<decltype(layers)>;

/// Fused kernels as large batches have them, where one block takes several tiles, with an input that comes in
/// parts: predictions by two kernels, loss and gradients with `Slice` as in mlp_tile.
template <class Device, int Slice>
std::vector<float> fused_on() {
    using namespace cuda_backend;
    constexpr int batch = 40, rows = 16, threads = 64;
    using predicting =
        fused_mlp<program<layers_type, graph::no_loss, purpose::inference, precision::mixed>, bfloat16>;
    using training = fused_mlp_training<
        program<layers_type, softmax_cross_entropy_loss<>, purpose::training, precision::mixed>, bfloat16>;
    using found = layers_of<training::found>;
    using kernel = training::kernel_of<rows, threads, Slice>;
    random_stream draw{seed{11}, 5};
    std::vector<float> x(batch * 70), y(batch), p(std::size_t(found::parameters()));
    for (float& v : x) v = 2 * draw.uniform() - 1;
    for (float& v : y) v = float(draw.below(3));
    for (float& v : p) v = draw.uniform() - 0.5f;
    std::vector<float> one(batch * 3), other(one), output(one), scratch(std::size_t(kernel::sums_row::size)),
        gradients(p.size() + 1);
    constexpr auto places = cuda_backend::detail::places_of<training::found>();
    const Device device;
    using layers_found = layers_of<predicting::found>;
    using operands = mlp_operands<float, found::depth>;
    device.launch(1, chained_forward<layers_found, bfloat16, 1, threads>{operands{
                         x.data(), nullptr, p.data(), nullptr, one.data(), nullptr, batch, 1, places}});
    if constexpr (Slice > 0)
        device.launch(
            pieces(batch, rows),
            mlp_forward<tensor_core_mlp<layers_found, bfloat16, rows, threads, Slice, false>>{
                operands{x.data(), nullptr, p.data(), nullptr, other.data(), nullptr, batch, 1, places}});
    device.launch(1, kernel{operands{x.data(), y.data(), p.data(), nullptr, output.data(), scratch.data(),
                                     batch, 1, places}});
    sum_gradients(device, scratch.data(), 1,
                  gradient_sums<typename kernel::sums_row, float, found::depth>{
                      1.0f, gradients.data(), gradients.data() + p.size(), places});
    for (const auto* more : {&other, &output, &gradients}) one.insert(one.end(), more->begin(), more->end());
    return one;
}

template <int Slice>
bool fused_agree(const char* name) {
    return agree(name, fused_on<threads_device, Slice>(), fused_on<cuda_backend::host_twin, Slice>());
}

}  // namespace

int main() {
    const bool right[] = {agree<mlp>("a fused mlp"),
                          agree<mlp, float16>("the same in mixed precision"),
                          fused_agree<0>("its kernels on several tiles"),
                          fused_agree<16>("the same with weights that come in slices"),
                          agree<mixed>("a network of everything"),
                          agree<mixed, bfloat16>("the same in mixed precision")};
    return std::all_of(std::begin(right), std::end(right), [](bool b) { return b; }) ? 0 : 1;
}
