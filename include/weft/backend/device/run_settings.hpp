#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace weft::device {

/// What differs from run to run of the same work: dropout's seed and step, and an optimiser's rule. It lies
/// in the device's memory, so that the work that reads it need not change, and may be captured once.
template <class Memory>
class run_settings {
public:
    run_settings() : here_(1), there_(1) {}

    void set_clock(std::uint64_t seed, std::uint64_t step) {
        here_.data()->clock[0] = seed;
        here_.data()->clock[1] = step;
    }
    template <class Rule>
    void set_rule(const Rule& rule) {
        static_assert(sizeof(Rule) <= sizeof(settings::rule) && std::is_trivially_copyable_v<Rule>);
        std::memcpy(here_.data()->rule, &rule, sizeof rule);
    }
    /// Has the device fetch what was set, which must stay as it is until then.
    template <class Device>
    void upload(Device& device) {
        device.upload(here_.data(), there(), sizeof(settings));
    }

    /// Where kernels find seed and step.
    const std::uint64_t* clock() { return there()->clock; }
    template <class Rule>
    const Rule* rule() {
        return reinterpret_cast<const Rule*>(there()->rule);
    }

private:
    struct settings {
        std::uint64_t clock[2];
        alignas(16) unsigned char rule[112];
    };
    settings* there() { return there_.data().address(); }

    typename Memory::template staging<settings> here_;
    typename Memory::template buffer<settings> there_;
};

}  // namespace weft::device
