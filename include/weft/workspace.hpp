#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "backend/arguments.hpp"
#include "core/memory.hpp"
#include "program.hpp"

namespace weft {

/// The largest batch that is planned for; larger ones are cut. No errors: less than one counts as one.
///
///     model<net, cpu> model{seed{1}, batch_capacity{256}};
///     trainer train{model, softmax_cross_entropy, adam{}, batch_capacity{32}};
struct batch_capacity {
    int value = 64;
};

/// The memory outside the arena that a program works on. (nvcc 13 mixes up designated initialisers of
/// templates that leave members out: assign.)
template <class T, class Memory = host_memory>
struct bindings {
    using pointer = typename Memory::template pointer<T>;
    using const_pointer = typename Memory::template pointer<const T>;
    const_pointer input{}, target{};
    pointer parameters{}, gradients{}, state{};
    const_pointer constants{};
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
    /// Of mixed precision: copies of the parameters and of the batch's inputs in 16 bits, and the scale.
    std::uint16_t *narrow_parameters = nullptr, *narrow_inputs = nullptr;
    T* loss_scale = nullptr;

    /// Where value v is; null for an absent one. The address of a narrow one is its numbers' in disguise.
    constexpr T* locate(int v) const {
        if (v < 0) return nullptr;
        const graph::value& value = values[v];
        switch (value.where) {
            case graph::storage::arena:
                return arena + (value.batched ? std::ptrdiff_t(offsets[v]) * capacity
                                              : per_sample * capacity + offsets[v]);
            case graph::storage::input:
                if (value.type == graph::number_type::narrow) return reinterpret_cast<T*>(narrow_inputs);
                return const_cast<T*>(bound.input);
            case graph::storage::target:
                return const_cast<T*>(bound.target);
            case graph::storage::parameter:
                if (value.type == graph::number_type::narrow)
                    return reinterpret_cast<T*>(narrow_parameters + value.offset);
                return bound.parameters + value.offset;
            case graph::storage::loss_scale:
                return loss_scale;
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
        a.batch = graph::samples_of(n, batch);
        return a;
    }
};

template <class Program, class T, class Memory>
constexpr memory_map<T> map_of(const bindings<T, Memory>& b, T* arena, int capacity) {
    return {Program::graph.values.data(),
            Program::plan.offset.data(),
            Program::plan.per_sample,
            capacity,
            {.input = address_of(b.input),
             .target = address_of(b.target),
             .parameters = address_of(b.parameters),
             .gradients = address_of(b.gradients),
             .state = address_of(b.state),
             .constants = address_of(b.constants)},
            arena};
}

template <class Policy, class Program, class = std::make_integer_sequence<int, Program::kernels.count>>
struct kernel_table;
template <class Policy, class Program, int... K>
struct kernel_table<Policy, Program, std::integer_sequence<int, K...>> {
    static constexpr typename Policy::kernel at[sizeof...(K) + 1] = {
        Policy::template kernel_of<Program, Program::kernels.first[K]>()..., nullptr};
    /// What tells the scratch memory that each needs.
    static constexpr auto scratch() {
        using rule = decltype(Policy::template scratch_of<graph::elementwise>());
        return std::array<rule, sizeof...(K) + 1>{
            Policy::template scratch_of<typename Program::template primitive<
                Program::graph.nodes[Program::kernels.first[K]].op>>()...,
            nullptr};
    }
};

/// The scratch memory that the operations of a program share, in numbers, for batches up to a capacity.
template <class Policy, class Program>
std::size_t scratch_size(int capacity) {
    std::size_t most = 0;
    if constexpr (requires { Policy::template scratch_of<graph::elementwise>(); }) {
        constexpr auto rules = kernel_table<Policy, Program>::scratch();
        for (int i = 0; i < Program::graph.node_count; ++i)
            if (const auto rule = rules[std::size_t(Program::kernels.index[std::size_t(i)])])
                most = std::max(most, rule(Program::graph.nodes[std::size_t(i)], capacity));
    }
    return most;
}

/// Runs operation i of a program for `batch` samples.
template <class Policy, class Program, class T, class Resources>
constexpr void run_operation(int i, const memory_map<T>& memory, int batch, std::uint64_t seed,
                             std::uint64_t step, Resources& resources) {
    const graph::node& n = Program::graph.nodes[std::size_t(i)];
    arguments<T> a = memory.arguments_of(n, batch);
    a.seed = seed;
    a.step = step;
    kernel_table<Policy, Program>::at[Program::kernels.index[std::size_t(i)]](n, a, resources);
}

/// Numbers in the arena of a program for batches up to a capacity.
template <class Program>
constexpr std::size_t arena_size(int capacity) {
    static_assert(Program::plan.countable,
                  "weft: what a program holds at one time is more than 2147483647 numbers per sample");
    return std::size_t(Program::plan.per_sample) * std::size_t(capacity) + std::size_t(Program::plan.fixed);
}
/// Large capacities go up to a multiple of 16, so that every value is aligned; small ones stay what they are.
constexpr int rounded(batch_capacity capacity) {
    if (capacity.value < 16) return capacity.value < 1 ? 1 : capacity.value;
    return capacity.value > 2147483632 ? 2147483632 : (capacity.value + 15) / 16 * 16;
}

}  // namespace detail

/// The memory that one thread needs to run a program for batches up to a capacity. Allocates when it is made,
/// and never after. (On a device: device_workspace.hpp.) Errors where memory is short (std::bad_alloc).
///
///     const model<net, cpu> model{seed{1}};
///     workspace<cpu, decltype(model)::inference> space(batch_capacity{16});
///     std::vector<float> logits(3 * flowers.size());
///     model.predict(flowers.inputs, logits, space);
template <class Policy, class Program>
class workspace {
public:
    using scalar = typename Policy::scalar;
    using bound = bindings<scalar>;

    explicit workspace(batch_capacity capacity)
        : capacity_(detail::rounded(capacity)),
          arena_(detail::arena_size<Program>(capacity_)),
          resources_(detail::scratch_size<Policy, Program>(capacity_)) {}

    /// The largest batch that one run takes.
    int capacity() const { return capacity_; }
    /// The arena's size in numbers.
    std::size_t size() const { return arena_.size(); }

    /// Inputs (or targets) of up to a batch where kernels find them: here they stay where they are.
    static const scalar* load(std::span<const scalar> inputs) { return inputs.data(); }
    static const scalar* load_targets(std::span<const scalar> targets) { return targets.data(); }

    /// Runs all operations for `batch` samples; `seed` and `step` feed dropout.
    void run(const bound& b, int batch, std::uint64_t seed = 0, std::uint64_t step = 0) {
        for (int i = 0; i < Program::graph.node_count; ++i) run_one(i, b, batch, seed, step);
    }
    /// Runs operation i alone.
    void run_one(int i, const bound& b, int batch, std::uint64_t seed, std::uint64_t step) {
        detail::run_operation<Policy, Program>(i, map(b), batch, seed, step, resources_);
    }
    /// The memory of a value (after a run, of a result).
    const scalar* value(int v, const bound& b) { return map(b).locate(v); }
    /// Copies a value's first numbers.
    void read(int v, const bound& b, std::span<scalar> to) { host_memory::read(value(v, b), to); }

private:
    detail::memory_map<scalar> map(const bound& b) {
        return detail::map_of<Program>(b, arena_.data(), capacity_);
    }

    int capacity_;
    buffer<scalar> arena_;
    typename Policy::resources resources_;
};

}  // namespace weft
