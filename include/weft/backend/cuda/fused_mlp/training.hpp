#pragma once

#include "backward.hpp"
#include "gradient_sums.hpp"
#include "loss.hpp"

namespace weft::cuda_backend {

/// Where training keeps what the layers leave for the backward pass, in features of a tile: each layer's
/// results but the last's, and the arguments of functions whose slopes need them.
template <class Layers>
struct saved_features {
    template <int I>
    static constexpr bool keeps_argument = Layers::template at<I>::function::from_argument;

    template <int I>
    static constexpr int size() {
        constexpr int padded = Layers::template at<I>::padded;
        return (I + 1 < Layers::depth ? padded : 0) + (keeps_argument<I> ? padded : 0);
    }
    template <int I>
    static constexpr int before() {
        if constexpr (I == 0)
            return 0;
        else
            return before<I - 1>() + size<I - 1>();
    }
    static constexpr int all = before<Layers::depth>() > 0 ? before<Layers::depth>() : 1;
    template <int I>
    static constexpr int result = before<I>();
    template <int I>
    static constexpr int argument = before<I>() +
                                    (I + 1 < Layers::depth ? Layers::template at<I>::padded : 0);
};

/// The numbers that mlp_training keeps in shared memory.
template <class Layers>
struct training_needs {
    static constexpr int numbers(int rows) {
        return (saved_features<Layers>::all + Layers::widest()) * stride_of(rows) +
               stage_size(rows, Layers::widest()) + warp;
    }
};

/// Forward, loss, backward and weight gradients of tiles of samples, all within shared memory. A block sums
/// the gradients of its tiles, and after them its loss, in a row of `scratch`; sum_gradients adds the rows.
template <class Layers, class Loss, class T, int Rows, int Threads>
struct mlp_training {
    static constexpr int threads = Threads;
    static constexpr int stride = stride_of(Rows);
    using saved = saved_features<Layers>;
    struct shared {
        alignas(16) T layers[std::size_t(saved::all * stride)];
        alignas(16) T dy[std::size_t(Layers::widest() * stride)];  ///< first the predictions
        alignas(16) T stage[std::size_t(stage_size(Rows, Layers::widest()))];
        T losses[Threads / warp];
    };
    using sums_row = parameter_row<Layers>;

    const T* input;
    const T* target;
    const T* parameters;
    T* output;
    T* scratch;
    int batch, blocks;
    parameter_places<Layers::depth> places;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        T* const sums = scratch + block.index() * sums_row::size;
        const std::int64_t tiles = pieces(batch, Rows);
        for (std::int64_t tile = block.index(); tile < tiles; tile += blocks) {
            const std::int64_t first = tile * Rows;
            const int valid = batch - first < Rows ? int(batch - first) : Rows;
            const bool fresh = tile == block.index();
            forward<0>(block, memory, first, valid);
            store_tile<Rows, Layers::out>(block, memory.dy, valid, output + first * Layers::out);
            block.sync();
            loss(block, memory, first, valid, sums, fresh);
            backward<Layers::depth - 1>(block, memory, first, valid, sums, fresh);
        }
    }

private:
    template <int I>
    using layer = typename Layers::template at<I>;

    template <int I>
    WEFT_DEVICE static T* result(shared& memory) {
        if constexpr (I + 1 < Layers::depth)
            return memory.layers + saved::template result<I> * stride;
        else
            return memory.dy;
    }
    template <int I>
    WEFT_DEVICE static T* argument(shared& memory) {
        if constexpr (saved::template keeps_argument<I>)
            return memory.layers + saved::template argument<I> * stride;
        else
            return nullptr;
    }

    template <int I, class Block>
    WEFT_DEVICE void forward(const Block& block, shared& memory, std::int64_t first, int valid) const {
        const T* x = nullptr;
        if constexpr (I > 0) x = result<I - 1>(memory);
        run_layer<Layers, I, Rows, Threads>(block, parameters, places, input + first * layer<0>::in, valid, x,
                                            memory.stage, result<I>(memory), argument<I>(memory));
        if constexpr (I + 1 < Layers::depth) forward<I + 1>(block, memory, first, valid);
    }

    template <class Block>
    WEFT_DEVICE void loss(const Block& block, shared& memory, std::int64_t first, int valid, T* sums,
                          bool fresh) const {
        constexpr int last = Layers::depth - 1, target_size = Loss::target_size(Layers::out);
        const T by = Loss::template factor<T>(batch);
        const T* const z = argument<last>(memory);
        per_thread<Block, T> losses;
        for (const int t : block) {
            losses[t] = T(0);
            if (t < valid)
                losses[t] = Loss::template run<Layers::out, typename layer<last>::function>(
                    memory.dy + t, z ? z + t : nullptr, stride, target + (first + t) * target_size, by);
        }
        combine<Block, T>(block, losses, memory.losses, sum_of_two{});
        for (const int t : block)
            if (t == 0) accumulate(sums[sums_row::loss_at], losses[t], fresh);
    }

    template <int I, class Block>
    WEFT_DEVICE void backward(const Block& block, shared& memory, std::int64_t first, int valid, T* sums,
                              bool fresh) const {
        T* const to = sums + places.weight[I];
        if constexpr (layer<I>::bias)
            bias_gradient<layer<I>, Rows>(block, memory.dy, sums + places.bias[I], fresh);
        if constexpr (I > 0) {
            using gradient = weight_gradient<layer<I>, Rows, Threads, 256>;
            for (const int t : block)
                for (int from = 0; from < layer<I>::in; from += gradient::in_block)
                    gradient::run(t, memory.dy, result<I - 1>(memory) + from * stride,
                                  gradient::padded_in - from, from, to, fresh);
            const T* const slopes_from =
                saved::template keeps_argument<I - 1> ? argument<I - 1>(memory) : result<I - 1>(memory);
            data_gradient<layer<I>, layer<I - 1>, Rows, Threads>(block, parameters + places.weight[I], valid,
                                                                 slopes_from, memory.stage, memory.dy);
            backward<I - 1>(block, memory, first, valid, sums, fresh);
        } else {
            input_gradient(block, memory, first, valid, to, fresh);
        }
    }

    /// The first layer's weight gradient: its input comes once more, some features at a time.
    template <class Block>
    WEFT_DEVICE void input_gradient(const Block& block, shared& memory, std::int64_t first, int valid, T* to,
                                    bool fresh) const {
        constexpr int in = layer<0>::in, room = stage_size(Rows, Layers::widest()) / stride;
        using gradient = weight_gradient<layer<0>, Rows, Threads, room>;
        using slices = transposed<Rows, in, Threads, T>;
        const slices x(input + first * in, valid);
        for (int from = 0; from < in; from += gradient::in_block) {
            for (const int t : block)
                for (int k = 0; k < gradient::in_block; k += slice) {
                    typename slices::held held;
                    x.load(t, from + k, held);
                    x.store(t, held, memory.stage + k * stride);
                }
            block.sync();
            for (const int t : block)
                gradient::run(t, memory.dy, memory.stage, gradient::in_block, from, to, fresh);
            block.sync();
        }
    }
};

}  // namespace weft::cuda_backend
