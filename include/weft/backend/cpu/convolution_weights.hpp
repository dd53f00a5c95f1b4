#pragma once

#include "image_view.hpp"

namespace weft::cpu_backend {

namespace detail {

/// The gradient of the weights: products, summed along the positions of some images at a time, of the copied
/// result gradient (zero between the rows) and the moved views of the copied input. For a few filters they
/// are dot products; for many, packets of views are turned into a panel and go through the tiles of a matrix
/// product.
template <class T>
struct weights_run {
    conv2d_geometry g;
    input_layout layout;
    std::ptrdiff_t batch;
    const T *x, *dy;
    T *dw, *db;
    T* inputs;
    int parts;
    // Filters and columns (weights of a filter) of a group; positions in whole packets; of the copies: an
    // image of the input, the images at a time, a filter of the result gradient with all those images.
    std::ptrdiff_t filters, columns, length, input_size, images, row;
    T* results;
    std::ptrdiff_t first = 0, count = 0;  // the images at work

    static constexpr std::ptrdiff_t group_size = 1 << 18;  // elements of copies that stay in a cache
    static constexpr std::ptrdiff_t step = blocks<T>::depth / tile<T>::lanes * tile<T>::lanes;
    static constexpr std::ptrdiff_t panel_size = round_up(step * tile<T>::columns, 16);

    constexpr weights_run(const conv2d_geometry& geometry, std::ptrdiff_t batch_, const T* x_, const T* dy_,
                          T* dw_, T* db_, T* scratch, int parts_)
        : g(geometry),
          layout(geometry),
          batch(batch_),
          x(x_),
          dy(dy_),
          dw(dw_),
          db(db_),
          inputs(scratch),
          parts(parts_),
          filters(g.filters / g.groups),
          columns(std::ptrdiff_t(g.channels / g.groups) * g.kernel_h * g.kernel_w),
          length(round_up(layout.positions(), tile<T>::lanes)),
          input_size(g.channels * layout.plane),
          images(smaller(group_size / (input_size + g.filters * length) + 1, batch)),
          row(plane_pitch(images * length)),
          results(scratch) {
        if (scratch != nullptr) results = scratch + images * input_size + view_slack<T>();
    }
    constexpr std::size_t scratch_size() const {
        return std::size_t(images * input_size + view_slack<T>() + g.filters * row + parts * panel_size);
    }

    static void copy(void* context, int part) {
        const auto& run = *static_cast<const weights_run*>(context);
        const conv2d_geometry& g = run.g;
        const std::ptrdiff_t in = std::ptrdiff_t(g.height) * g.width;
        const range channels = share(run.count * g.channels, 1, part, run.parts);
        for (std::ptrdiff_t c = channels.begin; c < channels.end; ++c)
            copy_input(run.layout, run.x + (run.first * g.channels + c) * in,
                       run.inputs + c * run.layout.plane);
        const int height = run.layout.v.results, width = run.layout.h.results;
        const std::ptrdiff_t last = (height - 1) * run.layout.pitch;
        const range planes = share(run.count * g.filters, 1, part, run.parts);
        for (std::ptrdiff_t i = planes.begin; i < planes.end; ++i) {
            const T* from = run.dy + (run.first * g.filters + i) * height * width;
            T* const to = run.results + i % g.filters * run.row + i / g.filters * run.length;
            copy_view(from, height, width, 0, 0, 1, 1, height - 1, int(run.layout.pitch), to);
            copy_view(from, height, width, height - 1, 0, 1, 1, 1, int(run.length - last), to + last);
        }
    }

    /// Where the views of `count_` weights from `column` on begin, for the group of a filter.
    void find_views(std::ptrdiff_t filter, std::ptrdiff_t column, int count_, std::ptrdiff_t* offsets) const {
        const std::ptrdiff_t channel = filter / filters * (g.channels / g.groups),
                             window = g.kernel_h * g.kernel_w;
        for (int q = 0; q < count_; ++q) {
            const int tap = int((column + q) % window);
            offsets[q] = layout.offset(channel + (column + q) / window, tap / g.kernel_w, tap % g.kernel_w);
        }
    }

    /// Rows [begin, end) of one group, columns [from, to).
    [[gnu::noinline]] void by_dots(std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t from,
                                   std::ptrdiff_t to) const {
        constexpr int R = tile<T>::dot_rows, Q = tile<T>::dot_columns;
        std::ptrdiff_t offsets[Q];
        dots<T> d{length,     nullptr, row,     length,  nullptr, inputs,   offsets,
                  input_size, count,   nullptr, columns, 1,       first > 0};
        for (std::ptrdiff_t k = from; k < to; k += Q) {
            const int width = int(smaller(Q, to - k));
            find_views(begin, k, width, offsets);
            for (std::ptrdiff_t f = begin; f < end; f += R) {
                d.left = results + f * row;
                d.out = dw + f * columns + k;
                multiply_dot_tile(d, int(smaller(R, end - f)), width);
            }
        }
    }

    [[gnu::noinline]] void by_panels(std::ptrdiff_t begin, std::ptrdiff_t end, std::ptrdiff_t from,
                                     std::ptrdiff_t to, T* panel) const {
        constexpr int lanes = tile<T>::lanes;
        std::ptrdiff_t views[tile<T>::columns], offsets[step];
        for (std::ptrdiff_t p = 0; p < step; ++p) offsets[p] = p * tile<T>::columns;
        for (std::ptrdiff_t k = from; k < to;) {
            const int packets = tile_packets<T>((to - k + lanes - 1) / lanes);
            const int width = int(smaller(to - k, packets * lanes));
            find_views(begin, k, width, views);
            for (std::ptrdiff_t p = 0; p < count * length; p += step) {
                const std::ptrdiff_t depth = smaller(step, count * length - p);
                for (std::ptrdiff_t done = 0; done < depth;) {
                    const std::ptrdiff_t image = (p + done) / length, at = (p + done) % length;
                    const std::ptrdiff_t size = smaller(depth - done, length - at);
                    pack_transposed(inputs + image * input_size + at, views, size, width, packets * lanes,
                                    panel + done * tile<T>::columns);
                    done += size;
                }
                for (std::ptrdiff_t f = begin; f < end;) {
                    const int height = tile_rows<T>(end - f);
                    multiply_clipped(tile_kernel<T>(height, packets), height, 0, width, packets * lanes,
                                     depth, results + f * row + p, row, 1, panel, offsets,
                                     dw + f * columns + k, columns, first > 0 || p > 0);
                    f += height;
                }
            }
            k += width;
        }
    }

    static void compute(void* context, int part) {
        const auto& run = *static_cast<const weights_run*>(context);
        const int all = run.g.filters;
        const bool panels = run.filters >= 4 * tile<T>::rows;
        const int grain = panels ? tile<T>::columns : tile<T>::dot_columns;
        const bool by_columns = run.columns >= grain * run.parts;
        const range rows = by_columns ? range{0, all} : share(all, 1, part, run.parts);
        const range columns = by_columns ? share(run.columns, grain, part, run.parts) : range{0, run.columns};
        for (std::ptrdiff_t f = rows.begin; f < rows.end;) {
            const std::ptrdiff_t end = smaller(rows.end, (f / run.filters + 1) * run.filters);
            if (panels)
                run.by_panels(f, end, columns.begin, columns.end,
                              run.results + all * run.row + part * panel_size);
            else
                run.by_dots(f, end, columns.begin, columns.end);
            f = end;
        }
        if (run.db == nullptr) return;
        const range mine = share(all, 1, part, run.parts);
        for (std::ptrdiff_t f = mine.begin; f < mine.end; ++f) run.sum(f);
    }

    /// The bias gradient of one filter.
    void sum(std::ptrdiff_t filter) const {
        using namespace Eigen::internal;
        packet<T> total = pset1<packet<T>>(T(0));
        for (std::ptrdiff_t i = 0; i < count * length; i += tile<T>::lanes)
            total = padd(total, ploadu<packet<T>>(results + filter * row + i));
        db[filter] = first > 0 ? db[filter] + predux(total) : predux(total);
    }
};

}  // namespace detail

/// Elements of scratch that `conv2d_backward_weights` needs; it grows with the batch, up to a bound.
template <class T>
constexpr std::size_t conv2d_backward_weights_scratch(const conv2d_geometry& g, std::ptrdiff_t batch,
                                                      int threads) {
    return detail::weights_run<T>(g, batch, nullptr, nullptr, nullptr, nullptr, nullptr,
                                  threads < 1 ? 1 : threads)
        .scratch_size();
}

/// dw[filters, channels / groups, kernel_h, kernel_w] and, unless null, db[filters], summed over the batch,
/// from x[batch, channels, height, width] and dy[batch, filters, out_h, out_w]. `scratch` holds
/// conv2d_backward_weights_scratch<T>(g, batch, team.size()) elements.
template <class T>
void conv2d_backward_weights(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch,
                             const T* x, const T* dy, T* dw, T* db, T* scratch) {
    using namespace detail;
    weights_run<T> run(g, batch, x, dy, dw, db, scratch, team.size());
    clear_from(scratch + run.images * run.input_size, 0, view_slack<T>());
    for (run.first = 0; run.first < batch; run.first += run.images) {
        run.count = smaller(run.images, batch - run.first);
        team.run(run.parts, weights_run<T>::copy, &run);
        team.run(run.parts, weights_run<T>::compute, &run);
    }
    if (batch > 0) return;
    clear_from(dw, 0, weight_count(g));
    if (db != nullptr) clear_from(db, 0, g.filters);
}

}  // namespace weft::cpu_backend
