#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../../core/buffer.hpp"
#include "../../graph/names.hpp"
#include "../device/run_settings.hpp"
#include "guarded_update.hpp"
#include "kernel.hpp"

namespace weft::thrust_backend {

/// Numbers of scratch that the operations of a program need.
template <bool Library, class Nodes>
std::size_t most_scratch(const Nodes& nodes, int count, int capacity) {
    std::size_t most = 0;
    for (int i = 0; i < count; ++i)
        most = std::max(most, scratch_of<Library>(nodes[std::size_t(i)], capacity));
    return most;
}

/// What a workspace holds beside its arena on a system of the host: room for the parts of sums over
/// everything.
template <class System, class Scalar>
class host_resources {
public:
    System device;

    template <class Nodes>
    host_resources(const Nodes& nodes, int count, int capacity)
        : scratch_(most_scratch<System::has_matrix_library>(nodes, count, capacity)) {}

    Scalar* scratch() { return scratch_.data(); }
    void prepare(graph::opcode, arguments<Scalar>&) const {}

private:
    buffer<Scalar> scratch_;
};

/// And on one with a memory of its own.
template <class System, class Scalar>
class device_resources {
public:
    System device;

    template <class Nodes>
    device_resources(const Nodes& nodes, int count, int capacity, std::int64_t = 0)
        : scratch_(most_scratch<System::has_matrix_library>(nodes, count, capacity),
                   "the scratch memory of a workspace"),
          sums_(std::size_t(examined_lanes + examined_parts)),
          guard_(1) {}

    Scalar* scratch() { return scratch_.data().address(); }
    /// Before an operation starts.
    void prepare(graph::opcode op, arguments<Scalar>& a) {
        device.begin(graph::name_of(op));
        a.clock = settings_.clock();
    }

    void set_clock(std::uint64_t seed, std::uint64_t step) { settings_.set_clock(seed, step); }
    template <class Rule>
    void set_rule(const Rule& rule) {
        settings_.set_rule(rule);
    }
    void upload_changes() { settings_.upload(device); }
    /// Starts the rule; see guarded_update.
    template <int Slots, class Rule>
    void update(float value_limit, float norm_limit, const parameter_pieces<Scalar>& all) {
        device.begin("the update");
        guarded_update<Slots>(device, settings_.template rule<Rule>(), sums_.data().address(),
                              guard_.data().address(), value_limit, norm_limit, all);
    }
    /// Has the device hand over a loss and what became of the update; to be read after device.wait().
    void fetch_report(const Scalar* loss) { report_.fetch(device, loss, guard_.data().address()); }
    const auto& report() const { return report_.read(); }

private:
    using memory = typename System::memory;
    template <class T>
    using numbers = typename memory::template buffer<T>;

    numbers<Scalar> scratch_;
    device::run_settings<memory> settings_;
    numbers<gradient_sums> sums_;
    numbers<device::verdict> guard_;
    device::step_report<Scalar, memory> report_;
};

}  // namespace weft::thrust_backend
