#pragma once

#include "../device/clipping.hpp"
#include "../device/verdict.hpp"
#include "execution/access.hpp"
#include "execution/launch.hpp"

namespace weft::cuda_backend {

/// What a step finds out about its gradients, in the device's memory: partial results, then the whole.
struct update_guard : device::verdict {
    static constexpr int parts = 256;
    double squares[parts];
    int broken[parts];  ///< is a number not finite?
};

/// Part by part: are all gradients finite, and (if asked) the sum of their squares. The cut depends on
/// nothing but n.
template <class T>
struct examine_gradients {
    static constexpr int threads = 256;
    struct shared {
        double squares[threads / warp];
        int broken[threads / warp];
    };
    const T* gradients;
    std::int64_t n;
    bool squares;
    update_guard* guard;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        per_thread<Block, double> sum;
        per_thread<Block, int> broken;
        for (const int t : block) {
            sum[t] = 0;
            broken[t] = 0;
            constexpr int each = pack<T>::size;
            for (std::int64_t i = (block.index() * threads + t) * each; i < n;
                 i += std::int64_t(update_guard::parts) * threads * each) {
                T some[each] = {};
                if (i + each <= n)
                    read(gradients + i, some);
                else
                    for (int k = 0; i + k < n; ++k) some[k] = gradients[i + k];
                for (const T g : some) {
                    broken[t] |= device::is_broken(g);
                    if (squares) sum[t] += double(g) * double(g);
                }
            }
        }
        if (squares) combine(block, sum, memory.squares, sum_of_two{});
        combine(block, broken, memory.broken, larger_of_two{});
        for (const int t : block)
            if (t == 0) {
                guard->squares[block.index()] = sum[t];
                guard->broken[block.index()] = broken[t];
            }
    }
};

/// One block: the parts together. Gradients of a scaled loss have its scale, which then follows them.
template <bool Scaled>
struct conclude_gradients {
    static constexpr int threads = update_guard::parts;
    struct shared {
        double squares[threads / warp];
        int broken[threads / warp];
    };
    float norm_limit;
    update_guard* guard;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        per_thread<Block, double> sum;
        per_thread<Block, int> broken;
        for (const int t : block) {
            sum[t] = guard->squares[t];
            broken[t] = guard->broken[t];
        }
        combine(block, sum, memory.squares, sum_of_two{});
        combine(block, broken, memory.broken, larger_of_two{});
        for (const int t : block)
            if (t == 0) {
                guard->finite = !broken[t];
                if constexpr (Scaled) {
                    const double unscale = 1 / double(guard->scale.now);
                    guard->factor = device::norm_factor(norm_limit, sum[t] * unscale * unscale) * unscale;
                    guard->scale.follow(guard->finite);
                } else {
                    guard->factor = device::norm_factor(norm_limit, sum[t]);
                }
            }
    }
};

/// The optimiser's rule, which is in the device's memory, over n parameters, a pack in each thread, if the
/// guard says that all gradients are finite. Slot k of parameter i is state[k * n + i].
template <int Slots, class Rule, class T>
struct apply_rule {
    static constexpr int threads = 256, pack_size = pack<T>::size;
    using shared = no_shared;
    const Rule* rule;
    const update_guard* guard;
    T value_limit;
    std::int64_t n;
    T* parameters;
    const T* gradients;
    T* state;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared&) const {
        if (!guard->finite) return;
        for (const int t : block) {
            const std::int64_t i = (block.index() * threads + t) * pack_size;
            if (i + pack_size <= n)
                apply<pack_size>(i);
            else
                for (std::int64_t k = i; k < n; ++k) apply<1>(k);
        }
    }

private:
    template <int N>
    WEFT_DEVICE void apply(std::int64_t i) const {
        T p[N], g[N], s[Slots > 0 ? Slots : 1][N], slots[Slots > 0 ? Slots : 1] = {};
        read(parameters + i, p);
        read(gradients + i, g);
        for (int k = 0; k < Slots; ++k) read(state + k * n + i, s[k]);
        for (int j = 0; j < N; ++j) {
            for (int k = 0; k < Slots; ++k) slots[k] = s[k][j];
            (*rule)(p[j], device::limited(g[j] * T(guard->factor), value_limit), slots);
            for (int k = 0; k < Slots; ++k) s[k][j] = slots[k];
        }
        write(parameters + i, p);
        for (int k = 0; k < Slots; ++k) write(state + k * n + i, s[k]);
    }
};

/// Starts an update; see update_guard and apply_rule. Limits that are 0 limit nothing.
template <int Slots, bool Scaled = false, class Device, class Rule, class T>
void guarded_update(const Device& device, const Rule* rule, update_guard* guard, float value_limit,
                    float norm_limit, std::int64_t n, T* parameters, const T* gradients, T* state) {
    device.launch(update_guard::parts, examine_gradients<T>{gradients, n, norm_limit > 0, guard});
    device.launch(1, conclude_gradients<Scaled>{norm_limit, guard});
    using kernel = apply_rule<Slots, Rule, T>;
    device.launch(pieces(n, kernel::threads * kernel::pack_size),
                  kernel{rule, guard, T(value_limit), n, parameters, gradients, state});
}

}  // namespace weft::cuda_backend
