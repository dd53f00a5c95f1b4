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
    std::ptrdiff_t batch;
    const T *x, *dy;
    T *dw, *db;
    T* scratch;
    int parts;
    std::ptrdiff_t first = 0, count = 0;  // the images at work

    static constexpr std::ptrdiff_t group_size = 1 << 18;  // elements of copies that stay in a cache

    static constexpr std::ptrdiff_t result_plane(const conv2d_geometry& g) {
        return plane_pitch(round_up(input_layout(g).positions(), tile<T>::lanes));
    }
    static constexpr std::ptrdiff_t input_size(const conv2d_geometry& g) {
        return g.channels * input_layout(g).plane();
    }
    static constexpr std::ptrdiff_t result_size(const conv2d_geometry& g) {
        return g.filters * result_plane(g);
    }
    static constexpr std::ptrdiff_t images(const conv2d_geometry& g, std::ptrdiff_t batch) {
        const std::ptrdiff_t fit = group_size / (input_size(g) + result_size(g));
        return fit < 1 ? 1 : smaller(fit, batch);
    }

    T* inputs() const { return scratch; }
    T* results() const { return scratch + images(g, batch) * input_size(g) + view_slack<T>(); }

    static void copy(void* context, int part) {
        const auto& run = *static_cast<const weights_run*>(context);
        const conv2d_geometry& g = run.g;
        const input_layout layout(g);
        const std::ptrdiff_t in = std::ptrdiff_t(g.height) * g.width,
                             out = std::ptrdiff_t(g.out_h()) * g.out_w();
        const std::ptrdiff_t plane = result_plane(g);
        const range channels = share(run.count * g.channels, 1, part, run.parts);
        for (std::ptrdiff_t c = channels.begin; c < channels.end; ++c)
            copy_input(g, run.x + (run.first * g.channels + c) * in, run.inputs() + c * layout.plane());
        const range filters = share(run.count * g.filters, 1, part, run.parts);
        for (std::ptrdiff_t f = filters.begin; f < filters.end; ++f) {
            T* const to = run.results() + f * plane;
            copy_view(run.dy + (run.first * g.filters + f) * out, g.out_h(), g.out_w(), 0, 0, 1, 1,
                      g.out_h() - 1, int(layout.pitch()), to);
            const std::ptrdiff_t last = (g.out_h() - 1) * layout.pitch();
            copy_view(run.dy + (run.first * g.filters + f + 1) * out - g.out_w(), 1, g.out_w(), 0, 0, 1, 1, 1,
                      int(plane - last), to + last);
        }
    }

    /// Columns [begin, end) of the rows of one filter group that start at `filter`.
    void columns(std::ptrdiff_t filter, int rows, std::ptrdiff_t begin, std::ptrdiff_t end) const {
        constexpr int most = tile<T>::dot_columns;
        const input_layout layout(g);
        const std::ptrdiff_t channels = g.channels / g.groups,
                             window = std::ptrdiff_t(g.kernel_h) * g.kernel_w;
        const std::ptrdiff_t group = filter / (g.filters / g.groups);
        const std::ptrdiff_t depth = round_up(layout.positions(), tile<T>::lanes);
        for (std::ptrdiff_t k = begin; k < end;) {
            const int width = end - k >= most ? most : 1;
            std::ptrdiff_t offsets[most];
            for (int q = 0; q < width; ++q)
                offsets[q] = layout.offset(int(group * channels + (k + q) / window),
                                           int((k + q) % window) / g.kernel_w, int((k + q) % g.kernel_w));
            dot_kernel<T>(rows, width)(depth, results() + filter * result_plane(g), result_plane(g), inputs(),
                                       offsets, dw + filter * channels * window + k, channels * window,
                                       first > 0, count, result_size(g), input_size(g));
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
            const T* plane = results() + s * result_size(g) + filter * result_plane(g);
            const std::ptrdiff_t size = round_up(input_layout(g).positions(), tile<T>::lanes);
            for (std::ptrdiff_t i = 0; i < size; i += tile<T>::lanes)
                total = padd(total, ploadu<packet<T>>(plane + i));
        }
        db[filter] = first > 0 ? db[filter] + predux(total) : predux(total);
    }
};

}  // namespace detail

/// Elements of scratch that `conv2d_backward_weights` needs; it grows with the batch, up to a bound.
template <class T>
constexpr std::size_t conv2d_backward_weights_scratch(const conv2d_geometry& g, std::ptrdiff_t batch,
                                                      int /*threads*/) {
    using run = detail::weights_run<T>;
    return std::size_t(run::images(g, batch) * (run::input_size(g) + run::result_size(g)) +
                       detail::view_slack<T>());
}

/// dw[filters, channels / groups, kernel_h, kernel_w] and, unless null, db[filters], summed over the batch,
/// from x[batch, channels, height, width] and dy[batch, filters, out_h, out_w]. `scratch` holds
/// conv2d_backward_weights_scratch<T>(g, batch, team.size()) elements.
template <class T>
void conv2d_backward_weights(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch,
                             const T* x, const T* dy, T* dw, T* db, T* scratch) {
    using namespace detail;
    using run_type = weights_run<T>;
    run_type run{g, batch, x, dy, dw, db, scratch, team.size()};
    const std::ptrdiff_t group = run_type::images(g, batch);
    T* const slack = scratch + group * run_type::input_size(g);
    for (std::ptrdiff_t i = 0; i < view_slack<T>(); ++i) slack[i] = T(0);
    for (run.first = 0; run.first < batch; run.first += group) {
        run.count = smaller(group, batch - run.first);
        team.run(run.parts, run_type::copy, &run);
        team.run(run.parts, run_type::compute, &run);
    }
    if (batch > 0) return;
    for (std::ptrdiff_t i = 0;
         i < std::ptrdiff_t(g.filters) * (g.channels / g.groups) * g.kernel_h * g.kernel_w; ++i)
        dw[i] = T(0);
    for (int f = 0; f < g.filters && db != nullptr; ++f) db[f] = T(0);
}

}  // namespace weft::cpu_backend
