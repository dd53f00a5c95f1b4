#pragma once

#include "image_view.hpp"

namespace weft::cpu_backend {

namespace detail {

/// The gradient of the weights: dot products, along the positions, of the copied result gradient (zero
/// between the rows) and the moved views of the copied input. Several images are copied and summed over at a
/// time.
template <class T>
struct weights_run {
    conv2d_geometry g;
    input_layout layout;
    std::ptrdiff_t batch;
    const T *x, *dy;
    T *dw, *db;
    T* inputs;
    int parts;
    // Sizes: positions in whole packets, of a result plane, of the copies of one image.
    std::ptrdiff_t length, plane, input_size, result_size, images;
    T* results;
    std::ptrdiff_t first = 0, count = 0;  // the images at work

    static constexpr std::ptrdiff_t group_size = 1 << 18;  // elements of copies that stay in a cache

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
          length(round_up(layout.positions(), tile<T>::lanes)),
          plane(plane_pitch(length)),
          input_size(g.channels * layout.plane),
          result_size(g.filters * plane),
          images(group_size / (input_size + result_size)),
          results(scratch) {
        images = images < 1 ? 1 : smaller(images, batch);
        if (scratch != nullptr) results = scratch + images * input_size + view_slack<T>();
    }
    constexpr std::size_t scratch_size() const {
        return std::size_t(images * (input_size + result_size) + view_slack<T>());
    }

    static void copy(void* context, int part) {
        const auto& run = *static_cast<const weights_run*>(context);
        const conv2d_geometry& g = run.g;
        const std::ptrdiff_t in = std::ptrdiff_t(g.height) * g.width;
        const range channels = share(run.count * g.channels, 1, part, run.parts);
        for (std::ptrdiff_t c = channels.begin; c < channels.end; ++c)
            copy_input(run.layout, run.x + (run.first * g.channels + c) * in,
                       run.inputs + c * run.layout.plane);
        const range filters = share(run.count * g.filters, 1, part, run.parts);
        const int height = run.layout.v.results, width = run.layout.h.results;
        const std::ptrdiff_t last = (height - 1) * run.layout.pitch;
        for (std::ptrdiff_t f = filters.begin; f < filters.end; ++f) {
            const T* from = run.dy + (run.first * g.filters + f) * height * width;
            T* const to = run.results + f * run.plane;
            copy_view(from, height, width, 0, 0, 1, 1, height - 1, int(run.layout.pitch), to);
            copy_view(from, height, width, height - 1, 0, 1, 1, 1, int(run.plane - last), to + last);
        }
    }

    /// Columns [begin, end) of the rows of one filter group that start at `filter`.
    [[gnu::noinline]] void columns(std::ptrdiff_t filter, int rows, std::ptrdiff_t begin,
                                   std::ptrdiff_t end) const {
        constexpr int most = tile<T>::dot_columns;
        const std::ptrdiff_t channels = g.channels / g.groups,
                             window = std::ptrdiff_t(g.kernel_h) * g.kernel_w;
        const std::ptrdiff_t first_channel = filter / (g.filters / g.groups) * channels;
        for (std::ptrdiff_t k = begin; k < end;) {
            const int width = end - k >= most ? most : 1;
            std::ptrdiff_t offsets[most];
            for (int q = 0; q < width; ++q) {
                const int tap = int((k + q) % window);
                offsets[q] =
                    layout.offset(first_channel + (k + q) / window, tap / g.kernel_w, tap % g.kernel_w);
            }
            dot_kernel<T>(rows, width)(length, results + filter * plane, plane, inputs, offsets,
                                       dw + filter * channels * window + k, channels * window, first > 0,
                                       count, result_size, input_size);
            k += width;
        }
    }

    static void compute(void* context, int part) {
        const auto& run = *static_cast<const weights_run*>(context);
        const conv2d_geometry& g = run.g;
        const std::ptrdiff_t depth = std::ptrdiff_t(g.channels / g.groups) * g.kernel_h * g.kernel_w;
        const std::ptrdiff_t group = g.filters / g.groups;
        const bool by_columns = depth >= tile<T>::dot_columns * run.parts;
        const range rows = by_columns ? range{0, g.filters} : share(g.filters, 1, part, run.parts);
        const range columns =
            by_columns ? share(depth, tile<T>::dot_columns, part, run.parts) : range{0, depth};
        for (std::ptrdiff_t f = rows.begin; f < rows.end;) {
            const std::ptrdiff_t left = smaller(rows.end - f, group - f % group);
            const int height = left >= tile<T>::dot_rows ? tile<T>::dot_rows : 1;
            run.columns(f, height, columns.begin, columns.end);
            f += height;
        }
        if (run.db == nullptr) return;
        const range mine = share(g.filters, 1, part, run.parts);
        for (std::ptrdiff_t f = mine.begin; f < mine.end; ++f) run.sum(f);
    }

    /// The bias gradient of one filter.
    void sum(std::ptrdiff_t filter) const {
        using namespace Eigen::internal;
        packet<T> total = pset1<packet<T>>(T(0));
        for (std::ptrdiff_t s = 0; s < count; ++s) {
            const T* values = results + s * result_size + filter * plane;
            for (std::ptrdiff_t i = 0; i < length; i += tile<T>::lanes)
                total = padd(total, ploadu<packet<T>>(values + i));
        }
        db[filter] = first > 0 ? db[filter] + predux(total) : predux(total);
    }
};

}  // namespace detail

/// Elements of scratch that `conv2d_backward_weights` needs; it grows with the batch, up to a bound.
template <class T>
constexpr std::size_t conv2d_backward_weights_scratch(const conv2d_geometry& g, std::ptrdiff_t batch,
                                                      int /*threads*/) {
    return detail::weights_run<T>(g, batch, nullptr, nullptr, nullptr, nullptr, nullptr, 1).scratch_size();
}

/// dw[filters, channels / groups, kernel_h, kernel_w] and, unless null, db[filters], summed over the batch,
/// from x[batch, channels, height, width] and dy[batch, filters, out_h, out_w]. `scratch` holds
/// conv2d_backward_weights_scratch<T>(g, batch, team.size()) elements.
template <class T>
void conv2d_backward_weights(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch,
                             const T* x, const T* dy, T* dw, T* db, T* scratch) {
    using namespace detail;
    weights_run<T> run(g, batch, x, dy, dw, db, scratch, team.size());
    clear_from(run.results, -view_slack<T>(), 0);
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
