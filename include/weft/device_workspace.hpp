#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "workspace.hpp"

namespace weft {

/// The memory that one thread needs to run a program on a device. All work of a run goes to the device in one
/// piece, which a GPU captures as a graph and repeats afterwards: inputs come from memory that the device
/// reads by itself, and what changes from run to run (seed, step, an optimiser's rule) from there too. Inputs
/// and targets that lie on the device already are read where they are by a program that is one kernel, and
/// else copied there first, so that one graph serves all of them.
template <class Policy, class Program>
requires(!memory_of<Policy>::on_host) class workspace<Policy, Program> {
public:
    using scalar = typename Policy::scalar;
    using memory = memory_of<Policy>;
    using bound = bindings<scalar, memory>;
    using const_pointer = typename bound::const_pointer;
    using resources_type = typename Policy::resources;

    explicit workspace(batch_capacity capacity)
        : capacity_(detail::rounded(capacity)),
          arena_(detail::arena_size<Program>(capacity_),
                 "the arena of a workspace, as planned for its capacity"),
          inputs_(std::size_t(capacity_) * input_size, "a batch of inputs"),
          targets_(std::size_t(capacity_) * target_size, "a batch of targets"),
          staged_inputs_(inputs_.size()),
          staged_targets_(targets_.size()),
          narrow_parameters_(
              narrows(graph::storage::parameter) ? std::size_t(Program::source.parameter_size) : 0,
              "the parameters in 16 bits"),
          narrow_inputs_(narrows(graph::storage::input) ? inputs_.size() : 0, "a batch of inputs in 16 bits"),
          resources_(std::max(detail::scratch_size<Policy, Program>(capacity_),
                              std::size_t(Policy::template whole_scratch<Program>(capacity_)))) {}

    int capacity() const { return capacity_; }
    std::size_t size() const { return arena_.size(); }

    /// Takes inputs (or targets) of up to a batch for the next run; where kernels will find them. (Or bind
    /// other addresses of the device's memory.)
    const_pointer load(std::span<const scalar> inputs) {
        std::copy(inputs.begin(), inputs.end(), staged_inputs_.data());
        return inputs_.data();
    }
    const_pointer load_targets(std::span<const scalar> targets) {
        std::copy(targets.begin(), targets.end(), staged_targets_.data());
        return targets_.data();
    }

    /// Nothing follows the operations.
    struct no_tail {
        static constexpr std::uint64_t key = 0;
        void operator()(resources_type&) const {}
    };
    /// Starts all operations for `batch` samples, and what `tail` starts on the resources; waits for nothing.
    /// A tail's `key` differs where what it starts does.
    template <class Tail = no_tail>
    void run(const bound& b, int batch, std::uint64_t seed = 0, std::uint64_t step = 0,
             const Tail& tail = {}) {
        resources_.set_clock(seed, step);
        const source inputs = source_of(b.input, inputs_, std::size_t(batch) * input_size),
                     targets = source_of(b.target, targets_, std::size_t(batch) * target_size);
        bound here = b;
        here.input = inputs.at;
        here.target = targets.at;
        const key what{b.parameters.address(),
                       b.state.address(),
                       inputs.at.address(),
                       targets.at.address(),
                       batch * 4 + inputs.staged * 2 + targets.staged,
                       tail.key};
        resources_.device.replay(what, [&] {
            if (inputs.staged) upload(staged_inputs_, inputs_, inputs.count);
            if (targets.staged) upload(staged_targets_, targets_, targets.count);
            resources_.upload_changes();
            if constexpr (Policy::template runs_whole<Program>())
                Policy::template run_whole<Program>(resources_, map(here), batch);
            else {
                narrow(here, batch);
                for (int i = 0; i < Program::graph.node_count; ++i) start(i, here, batch);
            }
            tail(resources_);
        });
    }
    /// Runs operation i alone.
    void run_one(int i, const bound& b, int batch, std::uint64_t seed, std::uint64_t step) {
        resources_.set_clock(seed, step);
        resources_.upload_changes();
        narrow(b, batch);
        start(i, b, batch);
    }
    const_pointer value(int v, const bound& b) { return const_pointer(map(b).locate(v)); }
    /// Waits for the run, and copies a value's first numbers.
    void read(int v, const bound& b, std::span<scalar> to) {
        resources_.device.wait();
        if constexpr (Program::mixed) {
            if (Program::graph.values[std::size_t(v)].type == graph::number_type::narrow) {
                using narrow_scalar = typename Policy::narrow_scalar;
                std::vector<narrow_scalar> numbers(to.size());
                memory::template read<narrow_scalar>(
                    typename memory::template pointer<const narrow_scalar>(
                        reinterpret_cast<const narrow_scalar*>(value(v, b).address())),
                    numbers);
                std::copy(numbers.begin(), numbers.end(), to.begin());
                return;
            }
        }
        memory::template read<scalar>(value(v, b), to);
    }
    /// What the policy's kernels hold beside the arena.
    resources_type& resources() { return resources_; }
    const resources_type& resources() const { return resources_; }

private:
    using device_numbers = typename memory::template buffer<scalar>;
    using staged_numbers = typename memory::template staging<scalar>;
    static constexpr std::size_t input_size = std::size_t(
                                     Program::source.g.values[std::size_t(Program::source.input)].size),
                                 target_size = std::size_t(Program::source.target_size);

    /// What a captured run depends on beside this workspace. (No padding.)
    struct key {
        const void *parameters, *state, *input, *target;
        std::int64_t batch;  ///< and in two bits whether the last two are fetched from the host
        std::uint64_t tail;
    };

    /// Where a run finds its inputs or targets.
    struct source {
        const_pointer at;
        std::size_t count;
        bool staged;  ///< fetched from the host by the run itself
    };
    source source_of(const_pointer from, device_numbers& own, std::size_t count) {
        if (from.address() == own.data().address()) return {from, count, count > 0};
        if (Policy::template runs_whole<Program>() || from.address() == nullptr) return {from, count, false};
        resources_.device.copy(from.address(), own.data().address(), count * sizeof(scalar));
        return {own.data(), count, false};
    }
    void upload(const staged_numbers& from, device_numbers& to, std::size_t count) {
        resources_.device.upload(from.data(), to.data().address(), count * sizeof(scalar));
    }
    /// Does the program read these in 16 bits?
    static constexpr bool narrows(graph::storage what) {
        return !Policy::template runs_whole<Program>() && graph::has_narrow(Program::graph, what);
    }
    /// What is read in 16 bits, made from what there is. (Parameters may have changed since the last run.)
    void narrow(const bound& b, int batch) {
        if constexpr (narrows(graph::storage::parameter))
            Policy::narrow(resources_, b.parameters.address(), narrow_parameters_.data().address(),
                           Program::source.parameter_size);
        if constexpr (narrows(graph::storage::input))
            Policy::narrow(resources_, b.input.address(), narrow_inputs_.data().address(),
                           std::int64_t(batch) * std::int64_t(input_size));
    }
    void start(int i, const bound& b, int batch) {
        detail::run_operation<Policy, Program>(i, map(b), batch, 0, 0, resources_);
    }
    detail::memory_map<scalar> map(const bound& b) {
        auto map = detail::map_of<Program>(b, arena_.data().address(), capacity_);
        map.narrow_parameters = narrow_parameters_.data().address();
        map.narrow_inputs = narrow_inputs_.data().address();
        if constexpr (Program::scaled) map.loss_scale = resources_.loss_scale_address();
        return map;
    }

    int capacity_;
    device_numbers arena_, inputs_, targets_;
    staged_numbers staged_inputs_, staged_targets_;
    typename memory::template buffer<std::uint16_t> narrow_parameters_, narrow_inputs_;
    resources_type resources_;
};

}  // namespace weft
