#pragma once

#include <weft/backend/cuda/fused_mlp/fused_mlp.hpp>
#include <weft/device_workspace.hpp>

#include "device.hpp"

namespace bench {

/// A policy that runs each operation by itself.
template <class Policy>
struct by_operations : Policy {
    template <class>
    static constexpr bool runs_whole() {
        return false;
    }
    template <class>
    static constexpr std::int64_t whole_scratch(int) {
        return 0;
    }
};

/// A policy that runs a chain of dense layers as one kernel wherever all the shared memory of sm_90 is
/// enough, also where the policy would not.
template <class Policy>
class fused_on_sm90 : public Policy {
    using factor =
        std::conditional_t<Policy::numbers == weft::precision::full, float, typename Policy::narrow_scalar>;
    static constexpr std::size_t limit = weft::cuda_backend::shared_memory_sm90;
    template <class Program>
    using whole =
        std::conditional_t<Program::training, weft::cuda_backend::fused_mlp_training<Program, factor, limit>,
                           weft::cuda_backend::fused_mlp<Program, factor, limit>>;

public:
    template <class Program>
    static constexpr bool runs_whole() {
        return whole<Program>::qualifies;
    }
    template <class Program>
    static constexpr std::int64_t whole_scratch(int capacity) {
        if constexpr (Program::training && whole<Program>::qualifies)
            return whole<Program>::scratch(capacity);
        else
            return 0;
    }
    template <class Program, class Map>
    static void run_whole(typename Policy::resources& r, const Map& memory, int batch) {
        const auto& bound = memory.bound;
        float* const output = memory.locate(Program::source.output);
        if constexpr (Program::training)
            whole<Program>::run(r.device, bound.input, bound.target, bound.parameters, memory.loss_scale,
                                output, memory.locate(Program::source.loss), bound.gradients, r.scratch(),
                                batch);
        else
            whole<Program>::run(r.device, bound.input, bound.parameters, output, batch);
    }
};

/// Nothing is updated: predictions.
struct no_optimizer {
    static constexpr int slots = 0;
};

/// A program whose samples and targets stay in the device's memory, at the same addresses; else what model
/// and trainer do, with nobody to wait for a step or look at its loss.
template <class Policy, class Program, class Optimizer = no_optimizer>
class resident {
    static constexpr bool updates = Optimizer::slots > 0;

public:
    resident(std::span<const float> parameters, std::span<const float> statistics,
             memory::pointer<const float> input, memory::pointer<const float> target, int batch)
        : batch_(batch),
          workspace_(weft::batch_capacity{batch}),
          parameters_(parameters.size()),
          gradients_(Program::training ? parameters.size() : 0),
          slots_(updates ? std::size_t(Optimizer::slots) * parameters.size() : 0),
          state_(statistics.size()) {
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
        step_ = step;
        if constexpr (updates) {
            const Optimizer optimizer{};
            workspace_.resources().set_rule(optimizer.template at<float>(step, optimizer.learning_rate));
        }
    }
    /// As a graph from the second time.
    void start() {
        if constexpr (updates)
            workspace_.run(bound_, batch_, 1, std::uint64_t(step_ - 1), update{*this});
        else
            workspace_.run(bound_, batch_, 1, std::uint64_t(step_ - 1));
    }

    float loss() { return read(Program::source.loss, 1)[0]; }
    std::vector<float> output() {
        return read(Program::source.output,
                    std::size_t(batch_) * std::size_t(Program::network::output_type::size));
    }
    /// What the next step's gradients are scaled by.
    float scale() {
        if constexpr (Program::scaled)
            return workspace_.resources().loss_scale().now;
        else
            return 1;
    }
    std::vector<float> gradients() { return read_back(gradients_.data(), gradients_.size()); }
    std::vector<float> parameters() { return read_back(parameters_.data(), parameters_.size()); }
    std::vector<float> statistics() { return read_back(state_.data(), state_.size()); }

private:
    struct update {
        static constexpr std::uint64_t key = 1;
        resident& self;
        void operator()(typename Policy::resources& r) const {
            using rule = decltype(Optimizer{}.template at<float>(1, 1.0f));
            Policy::template update_if_finite<Optimizer::slots, rule>(
                r, 0, 0, self.parameters_.size(), self.parameters_.data(), self.gradients_.data(),
                self.slots_.data());
        }
    };
    std::vector<float> read(int value, std::size_t count) {
        std::vector<float> result(count);
        workspace_.read(value, bound_, result);
        return result;
    }

    int batch_;
    std::int64_t step_ = 1;
    weft::workspace<Policy, Program> workspace_;
    device_numbers<float> parameters_, gradients_, slots_, state_;
    weft::bindings<float, memory> bound_;
};

}  // namespace bench
