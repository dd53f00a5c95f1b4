#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

#include "../../graph/narrow.hpp"
#include "../device/run_settings.hpp"
#include "../policies.hpp"
#include "choice.hpp"
#include "fused_mlp/fused_mlp.hpp"
#include "guarded_update.hpp"
#include "kernels.hpp"
#include "passes/relu_mask.hpp"

namespace weft {

/// Runs a network with CUDA kernels on a device: a GPU's stream, or its twin on the host, which runs the same
/// kernels thread after thread. Scalar is float or double. With float16 or bfloat16 for `Narrow`, precision
/// is mixed: parameters, their gradients and the optimiser's numbers are floats and sums are made in float,
/// but most of what layers compute is held in 16 bits (graph/narrow.hpp).
template <class Device, class Scalar, class Narrow>
struct cuda_policy {
    using scalar = typename scalar_of_policy<Scalar>::type;
    using narrow_scalar = Narrow;
    static constexpr precision numbers = std::is_same_v<Narrow, Scalar>    ? precision::full
                                         : std::is_same_v<Narrow, float16> ? precision::scaled
                                                                           : precision::mixed;
    static_assert(numbers == precision::full || (std::is_same_v<Scalar, float> && sizeof(Narrow) == 2),
                  "weft: mixed precision is float with float16 or bfloat16");
    using memory = typename Device::memory;
    static constexpr const char* name = "cuda";
    /// A library of matrix products multiplies by relu's slope from a mask that it wrote.
    static constexpr bool has_library = requires { Device::library_name; };
    using passes = cuda_backend::relu_mask_passes<has_library>;

    /// What a workspace holds beside its arena.
    class resources {
    public:
        Device device;

        explicit resources(std::size_t scratch_size)
            : scratch_(scratch_size, "the scratch memory of a workspace"), guard_(1) {
            if constexpr (cuda_policy::numbers == precision::scaled) set_loss_scale({});
        }
        Scalar* scratch() { return scratch_.data().address(); }

        void set_clock(std::uint64_t seed, std::uint64_t step) { settings_.set_clock(seed, step); }
        template <class Rule>
        void set_rule(const Rule& rule) {
            settings_.set_rule(rule);
        }
        void upload_changes() { settings_.upload(device); }
        const std::uint64_t* clock() { return settings_.clock(); }
        template <class Rule>
        const Rule* rule() {
            return settings_.template rule<Rule>();
        }
        cuda_backend::update_guard* guard() { return guard_.data().address(); }
        /// Has the device hand over a loss and what became of the update; to be read after device.wait().
        void fetch_report(const Scalar* loss) { report_.fetch(device, loss, guard()); }
        const auto& report() const { return report_.read(); }
        /// The scale of losses, where a program has one, and where kernels find it.
        device::loss_scale loss_scale() const {
            cuda_backend::update_guard seen;
            memory::template read<cuda_backend::update_guard>(guard_.data(), {&seen, 1});
            return seen.scale;
        }
        void set_loss_scale(const device::loss_scale& scale) {
            cuda_backend::update_guard fresh{};
            fresh.scale = scale;
            memory::template write<cuda_backend::update_guard>({&fresh, 1}, guard_.data());
        }
        Scalar* loss_scale_address() {
            if constexpr (std::is_same_v<Scalar, float>)
                return &guard()->scale.now;
            else
                return nullptr;
        }

    private:
        template <class T>
        using numbers = typename memory::template buffer<T>;

        numbers<Scalar> scratch_;
        device::run_settings<memory> settings_;
        numbers<cuda_backend::update_guard> guard_;
        device::step_report<Scalar, memory> report_;
    };
    using kernel = void (*)(const graph::node&, const arguments<Scalar>&, resources&);

    template <class Program, int I>
    static constexpr kernel kernel_of() {
        return &run<typename Program::template primitive<Program::graph.nodes[I].op>,
                    cuda_backend::stored_chain_of<Program, I, Narrow>>;
    }
    /// Starts the copy of n numbers into narrow ones.
    static void narrow(resources& r, const Scalar* from, std::uint16_t* to, std::int64_t n) {
        r.device.begin("narrowing");
        cuda_backend::map_packs<Scalar>(r.device, cuda_backend::plain_source<Scalar>{from},
                                        cuda_backend::no_tail{}, reinterpret_cast<Narrow*>(to), n);
    }

    /// Starts the rule that the resources hold over n parameters, unless a gradient is not finite; with a
    /// limit that is not 0, gradients are clipped first. Slot k of parameter i is state[k * n + i].
    template <int Slots, class Rule>
    static void update_if_finite(resources& r, float value_limit, float norm_limit, std::size_t n,
                                 typename memory::template pointer<Scalar> parameters,
                                 typename memory::template pointer<Scalar> gradients,
                                 typename memory::template pointer<Scalar> state) {
        r.device.begin("the update");
        cuda_backend::guarded_update<Slots, numbers == precision::scaled>(
            r.device, r.template rule<Rule>(), r.guard(), value_limit, norm_limit, std::int64_t(n),
            parameters.address(), gradients.address(), state.address());
    }

    template <class Primitive>
    static constexpr auto scratch_of() {
        return cuda_backend::scratch_of<Primitive, Scalar>();
    }
    /// What runs an operation, for `explain`.
    template <class Primitive>
    static std::string kernel_name(const graph::node& n, int batch) {
        return cuda_backend::chosen_kernel<Primitive, Device, Scalar>(n, batch);
    }

    /// A chain of dense layers up to this width runs as one kernel, if its tiles fit in shared memory.
    static constexpr int fused_width(bool training) {
        return numbers == precision::full || training ? 128 : 256;
    }

    /// Is there one kernel for all operations of a program?
    template <class Program>
    static constexpr bool runs_whole() {
        using whole = whole_program<Program>;
        if constexpr (whole::qualifies)
            return cuda_backend::layers_of<typename whole::found>::widest() <= fused_width(Program::training);
        else
            return false;
    }
    template <class Program>
    static constexpr std::int64_t whole_scratch(int capacity) {
        if constexpr (Program::training && runs_whole<Program>())
            return whole_program<Program>::scratch(capacity);
        else
            return 0;
    }
    template <class Program, class Map>
    static void run_whole(resources& r, const Map& memory, int batch) {
        constexpr auto& source = Program::source;
        Scalar* const output = memory.locate(source.output);
        const auto& bound = memory.bound;
        if constexpr (Program::training) {
            r.device.begin("a fused training step");
            Scalar* const loss = memory.locate(source.loss);
            whole_program<Program>::run(r.device, bound.input, bound.target, bound.parameters,
                                        memory.loss_scale, output, loss, bound.gradients, r.scratch(), batch);
        } else {
            r.device.begin("a fused prediction");
            whole_program<Program>::run(r.device, bound.input, bound.parameters, output, batch);
        }
    }

private:
    using factor = std::conditional_t<numbers == precision::full, Scalar, Narrow>;
    template <class Program>
    using whole_program =
        std::conditional_t<Program::training, cuda_backend::fused_mlp_training<Program, factor>,
                           cuda_backend::fused_mlp<Program, factor>>;

    template <class Primitive, class Chain>
    static void run(const graph::node& n, const arguments<Scalar>& a, resources& r) {
        r.device.begin(Primitive::name);
        arguments<Scalar> timed = a;
        timed.clock = r.clock();
        cuda_backend::kernel<Primitive>::template run<Chain>(r.device, n, timed, r.scratch());
    }
};

}  // namespace weft
