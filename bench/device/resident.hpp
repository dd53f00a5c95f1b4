#pragma once

#include <memory>
#include <weft/backend/cuda/fused_mlp.hpp>
#include <weft/workspace.hpp>

#include "device.hpp"

namespace bench {

/// What runs a program.
enum class how {
    policy,      ///< what the policy chooses
    operations,  ///< one kernel or more for each operation
    fused        ///< one kernel for a chain of dense layers, in all the shared memory of sm_90
};

/// Nothing is updated: predictions.
struct no_optimizer {
    static constexpr int slots = 0;
};

/// A program whose samples and targets stay in the device's memory; else what workspace and trainer do. A
/// step is one graph.
template <class Policy, class Program, class Optimizer = no_optimizer>
class resident {
    static constexpr bool updates = Optimizer::slots > 0;
    using whole = std::conditional_t<
        Program::training,
        weft::cuda_backend::fused_mlp_training<Program, float, weft::cuda_backend::shared_memory_sm90>,
        weft::cuda_backend::fused_mlp<Program, float, weft::cuda_backend::shared_memory_sm90>>;

public:
    static constexpr bool can_fuse = whole::qualifies;

    resident(how way, std::span<const float> parameters, std::span<const float> statistics,
             memory::pointer<const float> input, memory::pointer<const float> target, int batch)
        : way_(way),
          batch_(batch),
          arena_(weft::detail::arena_size<Program>(weft::detail::rounded({batch})), "an arena"),
          parameters_(parameters.size()),
          gradients_(Program::training ? parameters.size() : 0),
          slots_(updates ? std::size_t(Optimizer::slots) * parameters.size() : 0),
          state_(statistics.size()),
          resources_(Program::graph.nodes, Program::graph.node_count, weft::detail::rounded({batch}),
                     scratch(way, batch)) {
        memory::write<float>(parameters, parameters_.data());
        memory::write<float>(statistics, state_.data());
        bound_.input = input;
        bound_.target = target;
        bound_.parameters = parameters_.data();
        bound_.gradients = gradients_.data();
        bound_.state = state_.data();
        set_step(1);
    }

    /// Which step comes next, from 1. Not while one runs.
    void set_step(std::int64_t step) {
        resources_.set_clock(1, std::uint64_t(step - 1));
        if constexpr (updates) {
            const Optimizer optimizer{};
            resources_.set_rule(optimizer.template at<float>(step, optimizer.learning_rate));
        }
    }
    void start() {
        resources_.device.replay(std::int64_t(batch_), [this] {
            resources_.upload_changes();
            run();
            if constexpr (updates) update();
        });
    }

    float loss() { return read(Program::source.loss, 1)[0]; }
    std::vector<float> output() {
        return read(Program::source.output,
                    std::size_t(batch_) * std::size_t(Program::network::output_type::size));
    }
    std::vector<float> gradients() { return read(gradients_.data(), gradients_.size()); }
    std::vector<float> parameters() { return read(parameters_.data(), parameters_.size()); }
    std::vector<float> statistics() { return read(state_.data(), state_.size()); }

private:
    static std::int64_t scratch([[maybe_unused]] how way, [[maybe_unused]] int batch) {
        const int capacity = weft::detail::rounded({batch});
        if constexpr (Program::training && can_fuse)
            if (way == how::fused) return whole::scratch(capacity);
        return Policy::template whole_scratch<Program>(capacity);
    }
    weft::detail::memory_map<float> map() {
        return weft::detail::map_of<Program>(bound_, arena_.data().address(),
                                             weft::detail::rounded({batch_}));
    }
    void run() {
        if (way_ == how::fused) return run_fused();
        if constexpr (Policy::template runs_whole<Program>())
            if (way_ == how::policy) return Policy::template run_whole<Program>(resources_, map(), batch_);
        for (int i = 0; i < Program::graph.node_count; ++i)
            weft::detail::run_operation<Policy, Program>(i, map(), batch_, 0, 0, resources_);
    }
    void run_fused() {
        if constexpr (can_fuse) {
            const auto m = map();
            float* const output = m.locate(Program::source.output);
            if constexpr (Program::training)
                whole::run(resources_.device, m.bound.input, m.bound.target, m.bound.parameters, output,
                           m.locate(Program::source.loss), m.bound.gradients, resources_.scratch(), batch_);
            else
                whole::run(resources_.device, m.bound.input, m.bound.parameters, output, batch_);
        }
    }
    void update() {
        using rule = decltype(Optimizer{}.template at<float>(1, 1.0f));
        Policy::template update_if_finite<Optimizer::slots, rule>(
            resources_, 0, 0, parameters_.size(), parameters_.data(), gradients_.data(), slots_.data());
    }
    std::vector<float> read(memory::pointer<const float> from, std::size_t count) {
        resources_.device.wait();
        return read_back(from, count);
    }
    std::vector<float> read(int value, std::size_t count) {
        return read(memory::pointer<const float>(map().locate(value)), count);
    }

    how way_;
    int batch_;
    device_numbers<float> arena_, parameters_, gradients_, slots_, state_;
    weft::bindings<float, memory> bound_;
    typename Policy::resources resources_;
};

}  // namespace bench
