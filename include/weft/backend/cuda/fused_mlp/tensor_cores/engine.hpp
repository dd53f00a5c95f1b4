#pragma once

#include "../forward.hpp"
#include "../loss.hpp"
#include "finish.hpp"
#include "gradients.hpp"
#include "rooms.hpp"

namespace weft::cuda_backend {

/// The engine of fused kernels (see mlp_forward and mlp_training) on tensor cores: weights and activations
/// are 16 bits in shared memory, sums are floats, as all is in global memory. A matrix is [sample][feature].
template <class Layers, class Narrow, int Rows, int Threads, int Slice, bool Training>
class tensor_core_mlp {
    template <int I>
    using at = typename Layers::template at<I>;
    static constexpr int last = Layers::depth - 1;
    template <int I>
    static constexpr int stride = at<I>::padded + bank_pad;
    template <int Columns>
    using grid_of = warp_grid<Rows, Columns, Threads>;

public:
    using layers = Layers;
    using number = float;
    static constexpr int rows = Rows, threads = Threads;
    using rooms = tensor_core_rooms<Layers, Narrow, Rows, Threads, Slice, Training>;
    using shared = typename rooms::shared;
    using sums_row = gradient_rows<Layers, Threads, rooms::chunk>;

    WEFT_DEVICE tensor_core_mlp(const mlp_operands<float, Layers::depth>& operands, shared& room)
        : of(operands), memory(room), stage{rooms::stage(room), rooms::weights::size / 2, 0} {}

    /// Brings weights that stay.
    template <class Block>
    WEFT_DEVICE void start(const Block& block) const {
        rooms::weights::fill(block, of.parameters, of.places, rooms::stage(memory));
    }
    /// Brings the first slice of those that do not.
    template <class Block>
    WEFT_DEVICE void begin(const Block& block) const {
        const auto w = factor<0, false>();
        for (const int t : block) {
            typename decltype(w)::held held;
            w.load(t, 0, held);
            w.store(t, held, stage.current());
        }
    }

    template <int I, class Block>
    WEFT_DEVICE void layer(const Block& block, const mlp_samples<float>& now) {
        using grid = grid_of<at<I>::padded>;
        per_thread<Block, typename grid::sums> sums;
        if constexpr (I == 0)
            multiply_streamed<grid>(block, input(now), factor<0, false>(), following<0>(), stage, sums);
        else
            multiply_streamed<grid>(block, result_rows<I - 1>(), factor<I, false>(), following<I>(), stage,
                                    sums);
        if constexpr (rooms::template overwrites<I>) block.sync();  // others may still read
        finish_layer<grid, at<I>>(block, sums, of.parameters + of.places.bias[I], now.valid,
                                  destination<I>(now));
    }
    template <class Block>
    WEFT_DEVICE void write(const Block&, const mlp_samples<float>&) const {}

    template <class Loss, class Block>
    WEFT_DEVICE void loss(const Block& block, const mlp_samples<float>& now, float by,
                          per_thread<Block, float>& losses) const {
        using function = typename at<last>::function;
        constexpr int out = Layers::out, padded = at<last>::padded, y_stride = rooms::prediction_stride;
        float* const y = rooms::predictions(memory);
        const Narrow* const z = rooms::template argument<last>(memory);
        block.sync();
        for (const int t : block) {
            losses[t] = 0;
            for (int e = t; e < Rows * padded; e += Threads) {
                const int row = e / padded, k = e % padded;
                const bool live = row < now.valid && k < out;
                float value = live ? y[row * y_stride + k] : 0.0f;
                if (live) of.output[(now.first + row) * out + k] = value;
                if constexpr (Loss::each_alone) {
                    if (live)
                        losses[t] +=
                            Loss::template run<1, function>(&value, z ? z + row * stride<last> + k : nullptr,
                                                            1, of.target + (now.first + row) * out + k, by);
                    memory.last[row * stride<last> + k] = Narrow(value);
                }
            }
        }
        if constexpr (!Loss::each_alone) {
            block.sync();
            add_losses<Loss, Layers>(block, y, y_stride, z, stride<last>, 1, of.target, now, by, losses);
            block.sync();
            for (const int t : block)
                for (int e = t; e < Rows * padded; e += Threads) {
                    const int row = e / padded, k = e % padded;
                    const bool live = row < now.valid && k < out;
                    memory.last[row * stride<last> + k] = Narrow(live ? y[row * y_stride + k] : 0.0f);
                }
        }
    }

    template <int I, class Block>
    WEFT_DEVICE void begin_gradients(const Block& block, const mlp_samples<float>&) const {
        block.sync();
    }
    template <int I, class Block>
    WEFT_DEVICE void gradients(const Block& block, const mlp_samples<float>& now) {
        constexpr int count = sums_row::template columns<I> / sums_row::template piece<I>;
        Narrow* const x = rooms::template result<I - 1>(memory);
        const auto w = factor<I, true>();
        per_thread<Block, typename decltype(w)::held> held;
        for (const int t : block) w.load(t, 0, held[t]);
        weight_gradients<sums_row, I, Rows, at<I>::bias>(block, rooms::template result<I>(memory), stride<I>,
                                                         x, stride<I - 1>, 0, count, now);
        for (const int t : block) w.store(t, held[t], stage.current());
        using grid = grid_of<padded_in<at<I>>>;
        per_thread<Block, typename grid::sums> sums;
        multiply_streamed<grid>(block, result_rows<I>(), w, no_weights{}, stage, sums);
        const Narrow* const argument = rooms::template argument<I - 1>(memory);
        finish_gradient<grid, at<I - 1>>(block, sums, now.valid, argument ? argument : x, x, stride<I - 1>);
    }

    static constexpr int input_parts = sums_row::template columns<0> / rooms::chunk;
    template <class Block>
    WEFT_DEVICE void bring_input(const Block& block, int part, const mlp_samples<float>& now) const {
        input(now).bring(block, part * rooms::chunk);
    }
    template <class Block>
    WEFT_DEVICE void input_gradients(const Block& block, int part, const mlp_samples<float>& now) const {
        constexpr int each = rooms::chunk / sums_row::template piece<0>;
        weight_gradients<sums_row, 0, Rows, at<0>::bias>(block, rooms::template result<0>(memory), stride<0>,
                                                         rooms::input(memory), input_rows::stride,
                                                         part * each, each, now);
    }

private:
    using input_rows = chunked_rows<Rows, at<0>::in, rooms::chunk, Threads, Narrow>;
    WEFT_DEVICE input_rows input(const mlp_samples<float>& now) const {
        return {{of.input + now.first * at<0>::in, now.valid}, rooms::input(memory)};
    }
    template <int I>
    WEFT_DEVICE resident_rows<Narrow> result_rows() const {
        return {rooms::template result<I>(memory), stride<I>};
    }
    template <int I, bool Data>
    WEFT_DEVICE auto factor() const {
        constexpr int depth = I == 0 ? rooms::chunk : 1 << 20;
        return rooms::weights::template factor<I, Data, depth>(of.parameters + of.places.weight[I],
                                                               rooms::stage(memory));
    }
    template <int I>
    WEFT_DEVICE auto following() const {
        if constexpr (I < last)
            return factor<I + 1, false>();
        else
            return no_weights{};
    }
    /// Where a layer's results go.
    template <int I>
    WEFT_DEVICE auto destination(const mlp_samples<float>& now) const {
        Narrow* const argument = rooms::template argument<I>(memory);
        if constexpr (I < last)
            return keep_results<Narrow>{rooms::template result<I>(memory), argument, stride<I>};
        else if constexpr (Training)
            return keep_predictions<Narrow>{rooms::predictions(memory), rooms::prediction_stride, argument,
                                            stride<I>};
        else
            return write_predictions<Layers::out>{of.output + now.first * Layers::out, now.valid};
    }

    const mlp_operands<float, Layers::depth>& of;
    shared& memory;
    weight_stage<Narrow> stage;
};

}  // namespace weft::cuda_backend
