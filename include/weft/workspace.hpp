#pragma once

#include <utility>

#include "backend/arguments.hpp"
#include "core/buffer.hpp"
#include "program.hpp"

namespace weft {

/// The largest batch that is planned for; larger ones are cut.
struct batch_capacity {
    int value = 64;
};

/// The memory outside the arena that a program works on.
template <class T>
struct bindings {
    const T* input = nullptr;
    const T* target = nullptr;
    T* parameters = nullptr;
    T* gradients = nullptr;
    T* state = nullptr;
    const T* constants = nullptr;
};

namespace detail {

/// A program's values and their places, and the memory they are in: no template of the program, so that one
/// piece of code serves all programs.
template <class T>
struct memory_map {
    const graph::value* values;
    const std::int32_t* offsets;
    std::ptrdiff_t per_sample;
    int capacity;
    bindings<T> bound;
    T* arena;

    /// Where value v is; null for an absent one.
    constexpr T* locate(int v) const {
        if (v < 0) return nullptr;
        const graph::value& value = values[v];
        switch (value.where) {
            case graph::storage::arena:
                return arena + (value.batched ? std::ptrdiff_t(offsets[v]) * capacity
                                              : per_sample * capacity + offsets[v]);
            case graph::storage::input:
                return const_cast<T*>(bound.input);
            case graph::storage::target:
                return const_cast<T*>(bound.target);
            case graph::storage::parameter:
                return bound.parameters + value.offset;
            case graph::storage::gradient:
                return bound.gradients + value.offset;
            case graph::storage::state:
                return bound.state + value.offset;
            default:
                return const_cast<T*>(bound.constants) + value.offset;
        }
    }
    constexpr arguments<T> arguments_of(const graph::node& n, int batch) const {
        arguments<T> a;
        for (int k = 0; k < graph::max_inputs; ++k) a.in[k] = locate(n.in[k]);
        for (int k = 0; k < graph::max_outputs; ++k) a.out[k] = locate(n.out[k]);
        for (int k = 0; k < n.step_count; ++k) a.operand[k] = locate(n.steps[k].operand);
        a.batch = graph::runs_once(n) ? 1 : batch;
        return a;
    }
};

template <class Program, class T>
constexpr memory_map<T> map_of(const bindings<T>& b, T* arena, int capacity) {
    return {Program::graph.values.data(),
            Program::plan.offset.data(),
            Program::plan.per_sample,
            capacity,
            b,
            arena};
}

template <class Policy, class Program, class = std::make_integer_sequence<int, Program::kernels.count>>
struct kernel_table;
template <class Policy, class Program, int... K>
struct kernel_table<Policy, Program, std::integer_sequence<int, K...>> {
    static constexpr typename Policy::kernel at[sizeof...(K) + 1] = {
        Policy::template kernel_of<Program, Program::kernels.first[K]>()..., nullptr};
};

}  // namespace detail

/// The memory that one thread needs to run a program for batches up to a capacity. Allocates when it is made,
/// and never after.
template <class Policy, class Program>
class workspace {
public:
    using scalar = typename Policy::scalar;

    explicit workspace(batch_capacity capacity)
        : capacity_(rounded(capacity.value)),
          arena_(std::size_t(Program::plan.per_sample) * std::size_t(capacity_) +
                 std::size_t(Program::plan.fixed)),
          resources_(Program::graph.nodes, Program::graph.node_count, capacity_) {}

    /// Large capacities go up to a multiple of 16, so that every value is aligned; small ones stay what they
    /// are.
    static constexpr int rounded(int capacity) {
        if (capacity < 16) return capacity < 1 ? 1 : capacity;
        return capacity > 2147483632 ? 2147483632 : (capacity + 15) / 16 * 16;
    }
    /// The largest batch that one run takes.
    int capacity() const { return capacity_; }
    /// The arena's size in numbers.
    std::size_t size() const { return arena_.size(); }

    /// Runs all operations for `batch` samples; `seed` and `step` feed dropout.
    void run(const bindings<scalar>& b, int batch, std::uint64_t seed = 0, std::uint64_t step = 0) {
        for (int i = 0; i < Program::graph.node_count; ++i) run_one(i, b, batch, seed, step);
    }
    /// Runs operation i alone.
    void run_one(int i, const bindings<scalar>& b, int batch, std::uint64_t seed, std::uint64_t step) {
        const graph::node& n = Program::graph.nodes[std::size_t(i)];
        arguments<scalar> a = detail::map_of<Program>(b, arena_.data(), capacity_).arguments_of(n, batch);
        a.seed = seed;
        a.step = step;
        detail::kernel_table<Policy, Program>::at[Program::kernels.index[std::size_t(i)]](n, a, resources_);
    }
    /// The memory of a value (after a run, of a result).
    const scalar* value(int v, const bindings<scalar>& b) {
        return detail::map_of<Program>(b, arena_.data(), capacity_).locate(v);
    }

private:
    int capacity_;
    buffer<scalar> arena_;
    typename Policy::resources resources_;
};

}  // namespace weft
