#pragma once

#include "../forward.hpp"
#include "../gradient_sums.hpp"
#include "../loss.hpp"
#include "finish.hpp"
#include "gradients.hpp"
#include "rooms.hpp"
#include "sources.hpp"

namespace weft::cuda_backend {

/// The engine of fused kernels (see mlp_forward and mlp_training) that computes in what the numbers are:
/// float or double. A matrix in shared memory is [feature][sample].
template <class Layers, class T, int Rows, int Threads, bool Training>
class multiply_add_mlp {
    template <int I>
    using at = typename Layers::template at<I>;
    static constexpr int last = Layers::depth - 1, stride = stride_of(Rows);
    using input_slices = transposed<Rows, at<0>::in, Threads, T>;
    using input_gradient =
        weight_gradient<at<0>, Rows, Threads, stage_size(Rows, Layers::widest()) / stride_of(Rows)>;

public:
    using layers = Layers;
    using number = T;
    static constexpr int rows = Rows, threads = Threads;
    using rooms = multiply_add_rooms<Layers, T, Rows, Threads, Training>;
    using shared = typename rooms::shared;
    using sums_row = parameter_row<Layers>;

    WEFT_DEVICE multiply_add_mlp(const mlp_operands<T, Layers::depth>& operands, shared& room)
        : of(operands), memory(room) {}

    template <class Block>
    WEFT_DEVICE void start(const Block&) const {}
    template <class Block>
    WEFT_DEVICE void begin(const Block&) const {}

    template <int I, class Block>
    WEFT_DEVICE void layer(const Block& block, const mlp_samples<T>& now) const {
        using type = at<I>;
        using layout = tile_layout<Rows, Threads, type::padded>;
        const transposed<type::padded, type::in, Threads, T> w(weights<I>(), type::out);
        per_thread<Block, tile_sums<layout, T>> sums;
        if constexpr (I == 0)
            multiply_slices<type::in, Rows, layout, T>(block, input(now), w, memory.stage, sums);
        else
            multiply_slices<type::in, Rows, layout, T>(
                block, resident<T>{rooms::template result<I - 1>(memory), stride}, w, memory.stage, sums);
        T* const result = rooms::template result<I>(memory);
        T* const argument = rooms::template argument<I>(memory);
        const finish_run<type, layout::template row_run<T>, T> finish{
            of.parameters + of.places.bias[I], now.valid, argument ? argument - result : 0};
        for (const int t : block) finish_sums<Rows>(t, sums[t], result, finish);
        block.sync();
    }
    template <class Block>
    WEFT_DEVICE void write(const Block& block, const mlp_samples<T>& now) const {
        store_tile<Rows, Layers::out>(block, predictions(), now.valid, of.output + now.first * Layers::out);
    }

    template <class Loss, class Block>
    WEFT_DEVICE void loss(const Block& block, const mlp_samples<T>& now, T by,
                          per_thread<Block, T>& losses) const {
        write(block, now);
        block.sync();
        for (const int t : block) losses[t] = T(0);
        add_losses<Loss, Layers>(block, predictions(), 1, rooms::template argument<last>(memory), 1, stride,
                                 of.target, now, by, losses);
    }
    template <int I, class Block>
    WEFT_DEVICE void begin_gradients(const Block& block, const mlp_samples<T>& now) const {
        if constexpr (at<I>::bias)
            bias_gradient<at<I>, Rows>(block, memory.dy, now.sums + of.places.bias[I], now.fresh);
    }
    template <int I, class Block>
    WEFT_DEVICE void gradients(const Block& block, const mlp_samples<T>& now) const {
        using type = at<I>;
        using before = at<I - 1>;
        using gradient = weight_gradient<type, Rows, Threads, 256>;
        T *const x = rooms::template result<I - 1>(memory), *const to = now.sums + of.places.weight[I];
        for (const int t : block)
            for (int from = 0; from < type::in; from += gradient::in_block)
                gradient::run(t, memory.dy, x + from * stride, padded_in<type> - from, from, to, now.fresh);
        // What the layer hands to the one before, times that one's slope, over dy itself.
        using layout = tile_layout<Rows, Threads, before::padded>;
        per_thread<Block, tile_sums<layout, T>> sums;
        multiply_slices<type::out, Rows, layout, T>(
            block, resident<T>{memory.dy, stride},
            straight<before::padded, type::in, type::out, Threads, T>(weights<I>()), memory.stage, sums);
        const T* const argument = rooms::template argument<I - 1>(memory);
        const slope_run<type, before, layout::template row_run<T>, T> finish{
            (argument ? argument : x) - memory.dy, now.valid};
        for (const int t : block) finish_sums<Rows>(t, sums[t], memory.dy, finish);
        block.sync();
    }

    static constexpr int input_parts = int(pieces(at<0>::in, input_gradient::in_block));
    template <class Block>
    WEFT_DEVICE void bring_input(const Block& block, int part, const mlp_samples<T>& now) const {
        const input_slices x = input(now);
        for (const int t : block)
            for (int k = 0; k < input_gradient::in_block; k += slice) {
                typename input_slices::held held;
                x.load(t, part * input_gradient::in_block + k, held);
                x.store(t, held, memory.stage + k * stride);
            }
    }
    template <class Block>
    WEFT_DEVICE void input_gradients(const Block& block, int part, const mlp_samples<T>& now) const {
        constexpr int size = input_gradient::in_block;
        for (const int t : block)
            input_gradient::run(t, memory.dy, memory.stage, size, part * size, now.sums + of.places.weight[0],
                                now.fresh);
    }

private:
    WEFT_DEVICE input_slices input(const mlp_samples<T>& now) const {
        return {of.input + now.first * at<0>::in, now.valid};
    }
    template <int I>
    WEFT_DEVICE const T* weights() const {
        return of.parameters + of.places.weight[I];
    }
    WEFT_DEVICE T* predictions() const { return rooms::template result<last>(memory); }

    const mlp_operands<T, Layers::depth>& of;
    shared& memory;
};

}  // namespace weft::cuda_backend
