#pragma once

#include "../execution/launch.hpp"
#include "multiply_adds/kernels.hpp"
#include "tensor_cores/kernels.hpp"
#include "training.hpp"

/// Whole multi-layer perceptrons as one kernel, where a tile of samples fits in shared memory: by
/// multiply-adds in the type that all numbers have; or, in mixed precision, on tensor cores, where weights
/// and activations are 16 bits in shared memory and registers, and what is in global memory are floats.
namespace weft::cuda_backend {

namespace detail {

template <class Program>
struct found_forward {
    static constexpr mlp value = find_mlp(Program::graph);
};
template <class Program>
struct found_training {
    static constexpr mlp value = find_mlp(Program::source.g, Program::source.loss);
};

template <class Found>
constexpr auto places_of() {
    constexpr mlp m = Found::value;
    parameter_places<m.depth> places{};
    for (int i = 0; i < m.depth; ++i) {
        places.weight[i] = m.layers[std::size_t(i)].weight_at;
        places.bias[i] = m.layers[std::size_t(i)].bias_at;
    }
    return places;
}

template <class Number>
using mlp_kernels =
    std::conditional_t<sizeof(Number) == 2, tensor_core_kernels<Number>, multiply_add_kernels<Number>>;

/// The tiles of `Found`'s kernels; none if it is no mlp or does not fit.
template <class Kernels, class Found, bool Training>
constexpr mlp_tiles tiles_of(std::size_t limit) {
    if constexpr (Found::value.depth > 0)
        return Kernels::template tiles<layers_of<Found>, Training>(limit);
    else
        return {};
}

}  // namespace detail

/// Predictions of a program in one kernel, where `qualifies`. `Number` is what factors of products are held
/// in; `Limit` is what the device's blocks may have of shared memory, `Busy` the number of tiles from which
/// on they may be large.
template <class Program, class Number, std::size_t Limit = shared_memory_sm80, int Busy = 96>
struct fused_mlp {
    using kernels = detail::mlp_kernels<Number>;
    using number = typename kernels::number;
    using found = detail::found_forward<Program>;
    static constexpr mlp_tiles tiles = detail::tiles_of<kernels, found, false>(Limit);
    static constexpr bool qualifies = bool(tiles);

    /// input [batch, in], parameters as the model has them, output [batch, out].
    template <class Device>
    static void run(const Device& device, const number* input, const number* parameters, number* output,
                    int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        if (batch <= 0) return;
        constexpr mlp_tile large = tiles.large, small = tiles.small;
        if (tiles.takes_large(batch, Busy))
            launch<large.rows, large.threads, large.slice>(device, input, parameters, output, batch);
        else
            launch<small.rows, small.threads, small.slice>(device, input, parameters, output, batch);
    }

private:
    template <int Rows, int Threads, int Slice, class Device>
    static void launch(const Device& device, const number* input, const number* parameters, number* output,
                       int batch) {
        using kernel = typename kernels::template forward<layers_of<found>, Rows, Threads, Slice>;
        static_assert(sizeof(typename kernel::shared) <= Limit);
        const std::int64_t all = pieces(batch, Rows), most = kernels::template forward_blocks<kernel>();
        const int blocks = int(all < most ? all : most);
        device.launch(blocks, kernel{{input, nullptr, parameters, nullptr, output, nullptr, batch, blocks,
                                      detail::places_of<found>()}});
    }
};

/// Loss and gradients of a program in two kernels, where `qualifies`.
template <class Program, class Number, std::size_t Limit = shared_memory_sm80, int Busy = 96>
struct fused_mlp_training {
    using kernels = detail::mlp_kernels<Number>;
    using number = typename kernels::number;
    using found = detail::found_training<Program>;
    using loss_of = loss_type<found::value.loss, found::value.loss_fn, found::value.loss_bits,
                              found::value.divisor, found::value.soft_targets>;
    static constexpr mlp_tiles tiles = detail::tiles_of<kernels, found, true>(Limit);
    /// Gradients are wanted of all parameters that the layers have.
    static constexpr bool qualifies = tiles && Program::training &&
                                      found::value.parameters() == Program::source.parameter_size &&
                                      found::value.parameters() <= kernels::most_parameters;

    // (of a parameter, so that nobody looks for the layers of what is no mlp)
    template <int Rows, int Threads, int Slice, class Found = found>
    using engine_of = typename kernels::template training_engine<layers_of<Found>, Rows, Threads, Slice>;
    template <int Rows, int Threads, int Slice, class Found = found>
    using kernel_of = mlp_training<engine_of<Rows, Threads, Slice, Found>, loss_of, Program::scaled>;

    /// The blocks that share a batch.
    static constexpr int blocks(int batch) {
        constexpr mlp_tile large = tiles.large, small = tiles.small;
        return tiles.takes_large(batch, Busy) ? blocks_of<large.rows, large.threads, large.slice>(batch)
                                              : blocks_of<small.rows, small.threads, small.slice>(batch);
    }
    /// The numbers of scratch memory that batches up to this size need.
    static constexpr std::int64_t scratch(int batch) {
        constexpr mlp_tile large = tiles.large, small = tiles.small;
        const std::int64_t a = scratch_of<large.rows, large.threads, large.slice>(batch),
                           b = scratch_of<small.rows, small.threads, small.slice>(batch);
        return a > b ? a : b;
    }

    /// input [batch, in], target, parameters and gradients as the model has them, output [batch, out], loss
    /// [1]. If the program is scaled, gradients are those of the loss times *loss_scale; else nobody reads
    /// it.
    template <class Device>
    static void run(const Device& device, const number* input, const number* target, const number* parameters,
                    const number* loss_scale, number* output, number* loss, number* gradients,
                    number* scratch, int batch) {
        static_assert(qualifies, "weft: this program is no chain of dense layers that fits in shared memory");
        if (batch <= 0) return;
        constexpr auto places = detail::places_of<found>();
        const mlp_operands<number, layers_of<found>::depth> of{
            input, target, parameters, loss_scale, output, scratch, batch, blocks(batch), places};
        constexpr mlp_tile large = tiles.large, small = tiles.small;
        if (tiles.takes_large(batch, Busy))
            launch<large.rows, large.threads, large.slice>(device, of, loss, gradients);
        else
            launch<small.rows, small.threads, small.slice>(device, of, loss, gradients);
    }

private:
    template <int Rows, int Threads, int Slice>
    static constexpr int blocks_of(int batch) {
        const std::int64_t all = pieces(batch, Rows),
                           most = kernels::template training_blocks<engine_of<Rows, Threads, Slice>>(Limit);
        return int(all < most ? all : most);
    }
    template <int Rows, int Threads, int Slice>
    static constexpr std::int64_t scratch_of(int batch) {
        return std::int64_t(blocks_of<Rows, Threads, Slice>(batch)) *
               kernel_of<Rows, Threads, Slice>::sums_row::size;
    }
    template <int Rows, int Threads, int Slice, class Device, class Operands>
    static void launch(const Device& device, const Operands& of, number* loss, number* gradients) {
        using kernel = kernel_of<Rows, Threads, Slice>;
        static_assert(sizeof(typename kernel::shared) <= Limit);
        device.launch(of.blocks, kernel{of});
        sum_gradients(device, of.scratch, of.blocks,
                      gradient_sums<typename kernel::sums_row, number, layers_of<found>::depth>{
                          loss_of::template factor<number>(of.batch), gradients, loss, of.places});
    }
};

}  // namespace weft::cuda_backend
