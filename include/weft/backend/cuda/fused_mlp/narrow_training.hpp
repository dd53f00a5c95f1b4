#pragma once

#include "gradient_sums.hpp"
#include "loss.hpp"
#include "narrow_forward.hpp"
#include "narrow_gradients.hpp"
#include "training_rooms.hpp"

namespace weft::cuda_backend {

/// Forward, loss, backward and weight gradients of tiles of samples, all within shared memory, in 16 bits. A
/// block sums the gradients of its tiles, and after them its loss, in a row of `scratch`; sum_gradients adds
/// the rows. With `Scaled`, gradients are those of the loss times *loss_scale.
template <class Layers, class Loss, class Narrow, bool Scaled, int Rows, int Threads, int Slice>
struct narrow_training {
    static constexpr int threads = Threads;
    using rooms = training_rooms<Layers, Rows, Threads, Slice>;
    using sums_row = gradient_rows<Layers, Threads, rooms::chunk>;
    struct shared {
        alignas(16) Narrow layers[std::size_t(rooms::size)];
        alignas(16) Narrow last[std::size_t(Rows * rooms::last_stride)];  ///< the last layer's gradient
        alignas(16) unsigned char stage[std::size_t(rooms::stage_bytes)];
        float losses[Threads / warp];
    };

    const float* input;
    const float* target;
    const float* parameters;
    const float* loss_scale;
    float* output;
    float* scratch;
    int batch, blocks;
    parameter_places<Layers::depth> places;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared& memory) const {
        const std::int64_t tiles = pieces(batch, Rows);
        rooms::weights::fill(block, parameters, places, weights(memory));
        weight_stage<Narrow> stage{weights(memory), rooms::weights::size / 2, 0};
        for (std::int64_t number = block.index(); number < tiles; number += blocks) {
            const std::int64_t first = number * Rows;
            const tile now{first, batch - first < Rows ? int(batch - first) : Rows, number == block.index(),
                           scratch + block.index() * sums_row::size};
            const auto w = factor<0, false>(memory);
            for (const int t : block) {
                typename decltype(w)::held held;
                w.load(t, 0, held);
                w.store(t, held, stage.current());
            }
            forward<0>(block, memory, stage, now);
            block.sync();
            loss(block, memory, now);
            backward<last>(block, memory, stage, now);
        }
    }

private:
    static constexpr int last = Layers::depth - 1;
    template <int I>
    using layer = typename Layers::template at<I>;
    using input_rows = chunked_rows<Rows, layer<0>::in, rooms::chunk, Threads, Narrow>;

    struct tile {
        std::int64_t first;
        int valid;
        bool fresh;
        float* sums;
    };

    WEFT_DEVICE static Narrow* weights(shared& memory) { return reinterpret_cast<Narrow*>(memory.stage); }
    WEFT_DEVICE static float* predictions(shared& memory) {
        return reinterpret_cast<float*>(memory.stage + rooms::prediction_at);
    }
    /// A layer's results and then their gradient; of the last layer only that.
    template <int I>
    WEFT_DEVICE static Narrow* result(shared& memory) {
        return I == last ? memory.last : memory.layers + rooms::template result<I>;
    }
    template <int I>
    WEFT_DEVICE static Narrow* argument(shared& memory) {
        return rooms::template keeps_argument<I> ? memory.layers + rooms::template argument<I> : nullptr;
    }
    template <int I>
    static constexpr int stride = layer<I>::padded + bank_pad;

    template <int I, bool Data>
    WEFT_DEVICE auto factor(shared& memory) const {
        constexpr int depth = I == 0 ? rooms::chunk : 1 << 20;
        return rooms::weights::template factor<I, Data, depth>(parameters + places.weight[I],
                                                               weights(memory));
    }
    template <int I>
    WEFT_DEVICE auto following(shared& memory) const {
        if constexpr (I < last)
            return factor<I + 1, false>(memory);
        else
            return no_weights{};
    }

    template <int I, class Block>
    WEFT_DEVICE void forward(const Block& block, shared& memory, weight_stage<Narrow>& stage,
                             const tile& now) const {
        using grid = warp_grid<Rows, layer<I>::padded, Threads>;
        per_thread<Block, typename grid::sums> sums;
        if constexpr (I == 0) {
            const input_rows x{{input + now.first * layer<0>::in, now.valid}, memory.layers + rooms::input};
            multiply_streamed<grid>(block, x, factor<0, false>(memory), following<0>(memory), stage, sums);
        } else {
            const resident_rows<Narrow> x{result<I - 1>(memory), stride<I - 1>};
            multiply_streamed<grid>(block, x, factor<I, false>(memory), following<I>(memory), stage, sums);
        }
        const float* const bias = parameters + places.bias[I];
        if constexpr (I < last) {
            finish_layer<grid, layer<I>>(
                block, sums, bias, now.valid,
                keep_results<Narrow>{result<I>(memory), argument<I>(memory), stride<I>});
            forward<I + 1>(block, memory, stage, now);
        } else {
            block.sync();  // the last slice of weights may be where predictions go
            finish_layer<grid, layer<I>>(block, sums, bias, now.valid,
                                         keep_predictions{predictions(memory), argument<I>(memory)});
        }
    }
    struct keep_predictions {
        float* predictions;
        Narrow* arguments;
        WEFT_DEVICE void operator()(int row, int column, const float (&z)[2], const float (&y)[2]) const {
            predictions[row * rooms::prediction_stride + column] = y[0];
            predictions[row * rooms::prediction_stride + column + 1] = y[1];
            if (arguments) store_pair(z[0], z[1], arguments + row * stride<last> + column);
        }
    };

    /// Writes predictions, and takes the gradient of the last layer's function's arguments, and losses.
    template <class Block>
    WEFT_DEVICE void loss(const Block& block, shared& memory, const tile& now) const {
        using function = typename layer<last>::function;
        constexpr int out = Layers::out, padded = layer<last>::padded, target_size = Loss::target_size(out);
        float by = Loss::template factor<float>(batch);
        if constexpr (Scaled) by *= *loss_scale;
        float* const y = predictions(memory);
        const Narrow* const z = argument<last>(memory);
        const float* const targets = target + now.first * target_size;
        per_thread<Block, float> losses;
        for (const int t : block) {
            losses[t] = 0;
            for (int e = t; e < Rows * padded; e += Threads) {
                const int row = e / padded, k = e % padded;
                const bool live = row < now.valid && k < out;
                float value = live ? y[row * rooms::prediction_stride + k] : 0.0f;
                if (live) output[(now.first + row) * out + k] = value;
                if constexpr (Loss::each_alone) {
                    if (live)
                        losses[t] += Loss::template run<1, function>(
                            &value, z ? z + row * stride<last> + k : nullptr, 1, targets + row * out + k, by);
                    memory.last[row * stride<last> + k] = Narrow(value);
                }
            }
        }
        if constexpr (!Loss::each_alone) {
            block.sync();
            for (const int t : block)
                for (int row = t; row < now.valid; row += Threads)
                    losses[t] += Loss::template run<out, function>(y + row * rooms::prediction_stride,
                                                                   z ? z + row * stride<last> : nullptr, 1,
                                                                   targets + row * target_size, by);
            block.sync();
            for (const int t : block)
                for (int e = t; e < Rows * padded; e += Threads) {
                    const int row = e / padded, k = e % padded;
                    const bool live = row < now.valid && k < out;
                    memory.last[row * stride<last> + k] =
                        Narrow(live ? y[row * rooms::prediction_stride + k] : 0.0f);
                }
        }
        combine<Block, float>(block, losses, memory.losses, sum_of_two{});
        for (const int t : block)
            if (t == 0) {
                float& sum = now.sums[sums_row::loss_at];
                sum = now.fresh ? losses[t] : sum + losses[t];
            }
    }

    /// A piece of a layer's weight gradient: dy^T x, on top of what the block has.
    template <int I, bool Bias, class Block>
    WEFT_DEVICE void weight_gradient(const Block& block, shared& memory, const Narrow* x, int x_stride,
                                     int number, const tile& now) const {
        using grid = typename sums_row::template grid<I>;
        per_thread<Block, typename grid::sums> sums;
        per_thread<Block, warp_sums<grid::m, 1>> totals;
        for (const int t : block) {
            totals[t].clear();
            WEFT_UNROLL(16)
            for (int i = 0; i < grid::m; ++i) WEFT_UNROLL(32)
            for (int j = 0; j < grid::n; ++j) {
                pack<float> p{};
                if (!now.fresh && grid::active(t))
                    p = pack<float>::load(now.sums + sums_row::template place<I>(t, number, i, j));
                WEFT_UNROLL(4)
                for (int r = 0; r < 4; ++r) sums[t].at[i][j][r] = p.at[r];
            }
        }
        multiply_warps<grid, true, true, Bias>(block, result<I>(memory), stride<I>, x, x_stride, Rows, sums,
                                               &totals);
        for (const int t : block) {
            if (!grid::active(t)) continue;
            WEFT_UNROLL(16)
            for (int i = 0; i < grid::m; ++i) WEFT_UNROLL(32)
            for (int j = 0; j < grid::n; ++j) {
                pack<float> p;
                WEFT_UNROLL(4)
                for (int r = 0; r < 4; ++r) p.at[r] = sums[t].at[i][j][r];
                p.store(now.sums + sums_row::template place<I>(t, number, i, j));
            }
            if constexpr (Bias) {
                if (grid::first_column(t) != 0 || t % 4 != 0) continue;
                WEFT_UNROLL(16)
                for (int i = 0; i < grid::m; ++i) WEFT_UNROLL(2)
                for (int r = 0; r < 4; r += 2) {
                    float& sum = now.sums[sums_row::template bias_before<I>() + grid::row(t, i, r)];
                    sum = now.fresh ? totals[t].at[i][0][r] : sum + totals[t].at[i][0][r];
                }
            }
        }
    }
    template <int I, class Block>
    WEFT_DEVICE void weight_gradients(const Block& block, shared& memory, const Narrow* x, int x_stride,
                                      int first, int count, const tile& now) const {
        constexpr int piece = sums_row::template piece<I>;
        for (int i = 0; i < count; ++i)
            if (layer<I>::bias && first + i == 0)
                weight_gradient<I, layer<I>::bias>(block, memory, x, x_stride, 0, now);
            else
                weight_gradient<I, false>(block, memory, x + i * piece, x_stride, first + i, now);
    }

    template <int I, class Block>
    WEFT_DEVICE void backward(const Block& block, shared& memory, weight_stage<Narrow>& stage,
                              const tile& now) const {
        constexpr int piece = sums_row::template piece<I>, columns = sums_row::template columns<I>;
        block.sync();
        if constexpr (I > 0) {
            const auto w = factor<I, true>(memory);
            per_thread<Block, typename decltype(w)::held> held;
            for (const int t : block) w.load(t, 0, held[t]);
            weight_gradients<I>(block, memory, result<I - 1>(memory), stride<I - 1>, 0, columns / piece, now);
            for (const int t : block) w.store(t, held[t], stage.current());
            using grid = warp_grid<Rows, padded_in<layer<I>>, Threads>;
            per_thread<Block, typename grid::sums> sums;
            multiply_streamed<grid>(block, resident_rows<Narrow>{result<I>(memory), stride<I>}, w,
                                    no_weights{}, stage, sums);
            finish_gradient<I - 1, grid>(block, memory, sums, now.valid);
            backward<I - 1>(block, memory, stage, now);
        } else {
            const input_rows x{{input + now.first * layer<0>::in, now.valid}, memory.layers + rooms::input};
            constexpr int each = rooms::chunk / piece;
            for (int c = 0; c < columns / rooms::chunk; ++c) {
                x.prepare(block, c * rooms::chunk);
                block.sync();
                weight_gradients<0>(block, memory, x.room, x.stride, c * each, each, now);
            }
            block.sync();
        }
    }
    /// The gradient of layer I's results times the function's slope, over the results.
    template <int I, class Grid, class Block>
    WEFT_DEVICE void finish_gradient(const Block& block, shared& memory,
                                     const per_thread<Block, typename Grid::sums>& sums, int valid) const {
        using function = typename layer<I>::function;
        Narrow* const to = result<I>(memory);
        const Narrow* const from = rooms::template keeps_argument<I> ? argument<I>(memory) : to;
        for (const int t : block) {
            if (!Grid::active(t)) continue;
            WEFT_UNROLL(16)
            for (int i = 0; i < Grid::m; ++i) WEFT_UNROLL(32)
            for (int j = 0; j < Grid::n; ++j) WEFT_UNROLL(2)
            for (int r = 0; r < 4; r += 2) {
                const int row = Grid::row(t, i, r), column = Grid::column(t, j, r),
                          at = row * stride<I> + column;
                float x[2], d[2];
                load_pair(from + at, x);
                WEFT_UNROLL(2)
                for (int c = 0; c < 2; ++c) {
                    const bool live = row < valid && column + c < layer<I>::out;
                    d[c] = live ? sums[t].at[i][j][r + c] * function::slope(x[c]) : 0.0f;
                }
                store_pair(d[0], d[1], to + at);
            }
        }
    }
};

}  // namespace weft::cuda_backend
