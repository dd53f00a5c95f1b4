#pragma once

#include "staged.hpp"

namespace weft::cuda_backend {

/// A factor's numbers in shared memory, contiguous as in global memory. The eight rows that a warp reads at a
/// time lie in different banks.
template <class Factor, int Lines, int Depth>
struct warp_factor {
    static constexpr bool along_depth = Factor::along_depth;
    static constexpr int rows = along_depth ? Lines : Depth, row_size = along_depth ? Depth : Lines,
                         stride = row_size + 8;
    using number = typename Factor::number;
    alignas(16) number at[rows * stride];

    WEFT_DEVICE static constexpr int place(int line, int k) {
        return along_depth ? line * stride + k : k * stride + line;
    }
    /// From one piece of 16 of the depth to the next, and from one piece of 16 lines.
    static constexpr int depth_step = along_depth ? 16 : 16 * stride,
                         line_step = along_depth ? 16 * stride : 16;
};

/// What a factor's lines have in common at each depth: so that not all of them need find it, factors may have
///     spot spot_of(int k, int last) const;
///     void load_at(const line&, const spot*, int k, int last, T* to) const;  // as load: spots from k on
/// and here they are in shared memory, of this piece of the depth and the next.
struct no_spots {
    template <class Factor>
    WEFT_DEVICE void find(const Factor&, int, int, int) {}
    template <class Factor, class Line, class T>
    WEFT_DEVICE void load(const Factor& f, const Line& line, int from, int k, int last, T* to) const {
        f.load(line, k + from, last, to);
    }
};
template <class Factor, int Depth>
struct depth_spots {
    typename Factor::spot at[Depth];

    WEFT_DEVICE void find(const Factor& f, int k, int last, int t) {
        if (t < Depth) at[t] = f.spot_of(k + t, last);
    }
    template <class Line, class T>
    WEFT_DEVICE void load(const Factor& f, const Line& line, int from, int k, int last, T* to) const {
        f.load_at(line, at + from, k + from, last, to);
    }
};
template <class Factor, int Depth>
struct spots_of {
    using type = no_spots;
};
template <class Factor, int Depth>
requires requires { typename Factor::spot; }
struct spots_of<Factor, Depth> {
    using type = depth_spots<Factor, Depth>;
};

/// What a thread brings of one factor to shared memory; see shared_out.
template <class Factor, int Lines, int Depth, int Threads>
struct warp_loader {
    using spots = typename spots_of<Factor, Depth>::type;
    using number = typename Factor::number;
    using room = warp_factor<Factor, Lines, Depth>;
    using part = shared_out<Factor, Lines, Depth, Threads>;
    static constexpr int width = part::width, turns = part::turns;
    static_assert(width == 1 || width == pack<number>::size);

    number staged[turns][width];

    WEFT_DEVICE void load(const Factor& f, const typename Factor::line (&lines)[Lines], const spots& along,
                          int k, int last, int t) {
        WEFT_UNROLL(32)
        for (int s = 0; s < turns; ++s)
            along.load(f, lines[part::line_at(t, s)], part::depth_at(t, s), k, last, staged[s]);
    }
    WEFT_DEVICE void store(room& to, int t) const {
        WEFT_UNROLL(32)
        for (int s = 0; s < turns; ++s) {
            number* const place = to.at + room::place(part::line_at(t, s), part::depth_at(t, s));
            if constexpr (width == 1) {
                *place = staged[s][0];
            } else {
                pack<number> p;
                for (int e = 0; e < width; ++e) p.at[e] = staged[s][e];
                p.store(place);
            }
        }
    }
};

}  // namespace weft::cuda_backend
