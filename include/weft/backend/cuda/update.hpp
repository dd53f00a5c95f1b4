#pragma once

#include "access.hpp"
#include "launch.hpp"

namespace weft::cuda_backend {

/// A rule on n parameters, a pack in each thread; slot k of parameter i is state[k * n + i].
template <int Slots, class Rule, class T>
struct update_kernel {
    static constexpr int threads = 256, pack_size = pack<T>::size;
    using shared = no_shared;
    Rule rule;
    std::int64_t n;
    T* parameters;
    const T* gradients;
    T* state;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared&) const {
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
            rule(p[j], g[j], slots);
            for (int k = 0; k < Slots; ++k) s[k][j] = slots[k];
        }
        write(parameters + i, p);
        for (int k = 0; k < Slots; ++k) write(state + k * n + i, s[k]);
    }
};

/// The optimiser's rule over n parameters, all in one kernel.
template <int Slots, class Device, class Rule, class T>
void update(const Device& device, const Rule& rule, std::int64_t n, T* parameters, const T* gradients,
            T* state) {
    using kernel = update_kernel<Slots, Rule, T>;
    device.launch(pieces(n, kernel::threads * kernel::pack_size),
                  kernel{rule, n, parameters, gradients, state});
}

}  // namespace weft::cuda_backend
