#pragma once

#include <cstddef>
#include <cstdint>

#include "../../core/buffer.hpp"
#include "../device/run_settings.hpp"
#include "guarded_update.hpp"
#include "kernels.hpp"

namespace weft::thrust_backend {

/// What a workspace holds beside its arena on a system of the host: room for the parts of sums over
/// everything.
template <class System, class Scalar>
class host_resources {
public:
    System device;

    explicit host_resources(std::size_t scratch_size) : scratch_(scratch_size) {}

    Scalar* scratch() { return scratch_.data(); }
    void prepare(const char*, arguments<Scalar>&) const {}

private:
    buffer<Scalar> scratch_;
};

/// And on one with a memory of its own.
template <class System, class Scalar>
class device_resources {
public:
    System device;

    explicit device_resources(std::size_t scratch_size)
        : scratch_(scratch_size, "the scratch memory of a workspace"),
          sums_(std::size_t(examined_lanes + examined_parts)),
          guard_(1) {}

    Scalar* scratch() { return scratch_.data().address(); }
    /// Before an operation starts, by the name of its primitive.
    void prepare(const char* name, arguments<Scalar>& a) {
        device.begin(name);
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
