#pragma once

#include "products.hpp"

namespace weft::cuda_backend {

/// Blocks of [Rows, Columns] of a float matrix in global memory, whose rows are `Pitch` long, on the way to
/// shared memory in 16 bits. Outside the matrix there are zeros.
template <int Rows, int Columns, int Pitch, int Threads>
struct narrowing {
    static constexpr int groups = Columns / 8, items = Rows * groups, each = int(pieces(items, Threads)),
                         stride = Columns + bank_pad;
    struct item {
        float at[8];
    };
    struct held {
        item at[each];
    };
    const float* from;
    int rows;      ///< that there are
    bool aligned;  ///< may packs be loaded?

    WEFT_DEVICE narrowing(const float* matrix, int count)
        : from(matrix), rows(count), aligned(Pitch % 4 == 0 && pack<float>::aligned(matrix)) {}

    /// The block that begins at this row and column, a part for each thread.
    WEFT_DEVICE void load(int t, int row, int column, held& h) const {
        WEFT_UNROLL(16)
        for (int e = 0; e < each; ++e) load_item(t + e * Threads, row, column, h.at[e]);
    }
    template <class Narrow>
    WEFT_DEVICE void store(int t, const held& h, Narrow* to) const {
        WEFT_UNROLL(16)
        for (int e = 0; e < each; ++e) store_item(t + e * Threads, h.at[e], to);
    }
    /// Both, for more numbers than a thread can hold.
    template <class Narrow>
    WEFT_DEVICE void copy(int t, int row, int column, Narrow* to) const {
        WEFT_UNROLL(4)
        for (int e = 0; e < each; ++e) {
            item x;
            load_item(t + e * Threads, row, column, x);
            store_item(t + e * Threads, x, to);
        }
    }

private:
    WEFT_DEVICE void load_item(int number, int row, int column, item& x) const {
        row += number / groups;
        column += number % groups * 8;
        const float* const source = from + std::int64_t(row) * Pitch + column;
        const bool there = row < rows && (items % Threads == 0 || number < items);
        if (there && aligned && column + 8 <= Pitch) {
            WEFT_UNROLL(2)
            for (int part = 0; part < 2; ++part) {
                const pack<float> p = pack<float>::load(source + part * 4);
                WEFT_UNROLL(4)
                for (int i = 0; i < 4; ++i) x.at[part * 4 + i] = p.at[i];
            }
        } else {
            WEFT_UNROLL(8)
            for (int i = 0; i < 8; ++i) x.at[i] = there && column + i < Pitch ? source[i] : 0.0f;
        }
    }
    template <class Narrow>
    WEFT_DEVICE static void store_item(int number, const item& x, Narrow* to) {
        if (items % Threads != 0 && number >= items) return;
        pack<std::uint32_t> p;
        WEFT_UNROLL(4)
        for (int i = 0; i < 4; ++i) p.at[i] = packed<Narrow>(x.at[2 * i], x.at[2 * i + 1]);
        p.store(reinterpret_cast<std::uint32_t*>(to + number / groups * stride + number % groups * 8));
    }
};

/// The input of a product: activations that lie in shared memory already.
template <class Narrow>
struct resident_rows {
    const Narrow* x;
    int stride;
    template <class Block>
    WEFT_DEVICE void prepare(const Block&, int) const {}
    WEFT_DEVICE const Narrow* at(int term) const { return x + term; }
};
/// The network's input, of which `Chunk` features come at a time.
template <int Rows, int In, int Chunk, int Threads, class Narrow>
struct chunked_rows {
    using source = narrowing<Rows, Chunk, In, Threads>;
    static constexpr int stride = source::stride;
    source from;
    Narrow* room;
    template <class Block>
    WEFT_DEVICE void prepare(const Block& block, int term) const {
        if (term % Chunk) return;
        if (term > 0) block.sync();
        bring(block, term);
    }
    template <class Block>
    WEFT_DEVICE void bring(const Block& block, int term) const {
        for (const int t : block) from.copy(t, 0, term, room);
    }
    WEFT_DEVICE const Narrow* at(int term) const { return room + term % Chunk; }
};

/// A layer's weights as the factor of a product, `depth` terms of its sums at a time: for results, terms are
/// inputs; for gradients of inputs (`Data`), they are outputs.
template <class Layer, bool Data>
struct weight_terms {
    static constexpr bool transposed = Data;
    static constexpr int terms = Data ? Layer::padded : padded_in<Layer>,
                         columns = Data ? padded_in<Layer> : Layer::padded;
};
/// From global memory, slice after slice: while one is multiplied the next is on its way.
template <class Layer, bool Data, int Slice, int Threads>
struct streamed_weights : weight_terms<Layer, Data> {
    using base = weight_terms<Layer, Data>;
    static constexpr int depth = Slice < base::terms ? Slice : base::terms;
    static constexpr int rows = Data ? depth : base::columns, width = Data ? base::columns : depth;
    using source = narrowing<rows, width, Layer::in, Threads>;
    using held = typename source::held;
    static constexpr int stride = source::stride, size = rows * stride;
    source from;

    WEFT_DEVICE explicit streamed_weights(const float* w) : from(w, Layer::out) {}
    WEFT_DEVICE void load(int t, int number, held& h) const {
        from.load(t, Data ? number * depth : 0, Data ? 0 : number * depth, h);
    }
    template <class Narrow>
    WEFT_DEVICE void store(int t, const held& h, Narrow* to) const {
        from.store(t, h, to);
    }
    template <class Narrow>
    WEFT_DEVICE const Narrow* at(int, const Narrow* stage) const {
        return stage;
    }
};
struct nothing_held {};
/// All in shared memory.
template <class Layer, bool Data, int Slice, class Narrow>
struct resident_weights : weight_terms<Layer, Data> {
    using base = weight_terms<Layer, Data>;
    static constexpr int depth = Slice < base::terms ? Slice : base::terms;
    static constexpr int stride = padded_in<Layer> + bank_pad;
    using held = nothing_held;
    const Narrow* w;

    WEFT_DEVICE explicit resident_weights(const Narrow* all) : w(all) {}
    WEFT_DEVICE void load(int, int, held&) const {}
    WEFT_DEVICE void store(int, const held&, Narrow*) const {}
    WEFT_DEVICE const Narrow* at(int number, const Narrow*) const {
        return w + number * depth * (Data ? stride : 1);
    }
};
/// No product follows whose first slice could be on its way.
struct no_weights {
    using held = nothing_held;
    WEFT_DEVICE void load(int, int, held&) const {}
    template <class Narrow>
    WEFT_DEVICE void store(int, const held&, Narrow*) const {}
};

/// Room for two slices of weights, of which `now` is in use.
template <class Narrow>
struct weight_stage {
    Narrow* room;
    int size, now;
    WEFT_DEVICE Narrow* current() const { return room + now * size; }
    WEFT_DEVICE Narrow* other() const { return room + (1 - now) * size; }
};

namespace detail {

template <class Grid, class Block, class Narrow, class X, class W, class Next>
WEFT_DEVICE void multiply_slice(const Block& block, const X& x, const W& w, int number, const Next& next,
                                int next_number, weight_stage<Narrow>& stage,
                                per_thread<Block, typename Grid::sums>& sums) {
    const int first = number * W::depth, rest = W::terms - first;
    x.prepare(block, first);
    block.sync();
    per_thread<Block, typename Next::held> held;
    for (const int t : block) next.load(t, next_number, held[t]);
    multiply_warps<Grid, false, W::transposed>(
        block, x.at(first), x.stride, w.at(number, stage.current()), W::stride,
        W::terms % W::depth == 0 || rest > W::depth ? W::depth : rest, sums);
    for (const int t : block) next.store(t, held[t], stage.other());
    stage.now = 1 - stage.now;
}

}  // namespace detail

/// sums = x w. The stage holds w's first slice, which a sync need not follow; afterwards it holds the first
/// of `next`, and threads may be reading x and w still.
template <class Grid, class Block, class Narrow, class X, class W, class Next>
WEFT_DEVICE void multiply_streamed(const Block& block, const X& x, const W& w, const Next& next,
                                   weight_stage<Narrow>& stage,
                                   per_thread<Block, typename Grid::sums>& sums) {
    constexpr int count = int(pieces(W::terms, W::depth));
    for (const int t : block) sums[t].clear();
    for (int s = 0; s + 1 < count; ++s) detail::multiply_slice<Grid>(block, x, w, s, w, s + 1, stage, sums);
    detail::multiply_slice<Grid>(block, x, w, count - 1, next, 0, stage, sums);
}

}  // namespace weft::cuda_backend
