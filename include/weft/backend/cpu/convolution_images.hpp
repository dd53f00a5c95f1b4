#pragma once

#include <new>

#include "convolution_weights.hpp"
#include "image_view.hpp"

namespace weft::cpu_backend {

namespace detail {

/// Forward, or backward to the data: for each image and group, copy the planes, then correlate. With as many
/// images as threads each thread takes whole images, otherwise the threads share the planes and then the rows
/// of one image at a time.
template <class T>
struct image_run {
    conv2d_geometry g;
    input_layout there;
    result_layout back;
    bool forward;
    std::ptrdiff_t batch;
    const T *in, *weights;  // weights: as they are, or turned for the way back
    T* out;
    const std::ptrdiff_t* offsets;
    T* scratch;
    int parts;
    epilogue finish;
    // For one group: channels read and written, and rows of results; of scratch: the copied planes, and all
    // of one thread.
    std::ptrdiff_t ins, outs, rows, planes, step;
    std::ptrdiff_t sample = 0, group = 0;

    constexpr image_run(const conv2d_geometry& geometry, bool forward_, std::ptrdiff_t batch_ = 0,
                        const T* in_ = nullptr, const T* weights_ = nullptr, T* out_ = nullptr,
                        const std::ptrdiff_t* offsets_ = nullptr, T* scratch_ = nullptr, int parts_ = 1,
                        epilogue finish_ = {})
        : g(geometry),
          there(geometry),
          back(geometry),
          forward(forward_),
          batch(batch_),
          in(in_),
          weights(weights_),
          out(out_),
          offsets(offsets_),
          scratch(scratch_),
          parts(parts_),
          finish(finish_),
          ins((forward ? g.channels : g.filters) / g.groups),
          outs((forward ? g.filters : g.channels) / g.groups),
          rows(forward ? there.v.results : (g.height - 1) / g.stride_h + 1),
          planes(ins * (forward ? there.plane : back.plane) + view_slack<T>()),
          step(planes + (forward ? band_size<T>(outs, there.v.results, there.pitch)
                                 : band_size<T>(outs, g.height, back.pitch))) {}

    void copy(std::ptrdiff_t s, std::ptrdiff_t group_, std::ptrdiff_t first, std::ptrdiff_t last,
              T* view) const {
        const T* from = in + (s * g.groups + group_) * ins *
                                 (forward ? std::ptrdiff_t(g.height) * g.width
                                          : std::ptrdiff_t(there.v.results) * there.h.results);
        for (std::ptrdiff_t c = first; c < last; ++c) {
            if (forward)
                copy_input(there, from + c * g.height * g.width, view + c * there.plane);
            else
                copy_result(back, from + c * there.v.results * there.h.results, view + c * back.plane);
        }
    }
    [[gnu::noinline]] void compute(std::ptrdiff_t s, std::ptrdiff_t group_, std::ptrdiff_t first,
                                   std::ptrdiff_t last, const T* view, T* band) const {
        const std::ptrdiff_t window = std::ptrdiff_t(g.kernel_h) * g.kernel_w;
        const T* w = weights + group_ * ins * outs * window;
        const std::ptrdiff_t block = (s * g.groups + group_) * outs;
        if (forward) {
            const std::ptrdiff_t plane = std::ptrdiff_t(there.v.results) * there.h.results;
            correlate<T>({outs, ins * window, w, view, offsets, there.v.results, there.h.results, there.pitch,
                          out + block * plane, plane, there.h.results, 1, band},
                         first, last);
            return;
        }
        const std::ptrdiff_t plane = std::ptrdiff_t(g.height) * g.width;
        const std::ptrdiff_t* from = offsets;
        for (int r = 0; r < g.stride_h; ++r)
            for (int c = 0; c < g.stride_w; ++c) {
                const std::ptrdiff_t taps = std::ptrdiff_t(back.v.taps(r)) * back.h.taps(c);
                const int height = back.v.inputs(r), width = back.h.inputs(c);
                if (height > 0 && width > 0)
                    correlate<T>({outs, ins * taps, w, view, from, height, width, back.pitch,
                                  out + block * plane + back.v.first_input(r) * std::ptrdiff_t(g.width) +
                                      back.h.first_input(c),
                                  plane, std::ptrdiff_t(g.stride_h) * g.width, g.stride_w, band},
                                 first, smaller(last, height));
                w += ins * outs * taps;
                from += ins * taps;
            }
    }

    T* band(int part) const { return scratch + part * step + planes; }

    static void whole_images(void* context, int part) {
        const auto& run = *static_cast<const image_run*>(context);
        const range mine = share(run.batch, 1, part, run.parts);
        T* const view = run.scratch + part * run.step;
        for (std::ptrdiff_t s = mine.begin; s < mine.end; ++s) {
            for (int group = 0; group < run.g.groups; ++group) {
                run.copy(s, group, 0, run.ins, view);
                run.compute(s, group, 0, run.rows, view, run.band(part));
            }
            run.finish(s, 1);
        }
    }
    static void copies(void* context, int part) {
        const auto& run = *static_cast<const image_run*>(context);
        const range mine = share(run.ins, 1, part, run.parts);
        run.copy(run.sample, run.group, mine.begin, mine.end, run.scratch);
    }
    static void bands(void* context, int part) {
        const auto& run = *static_cast<const image_run*>(context);
        const range mine = share(run.rows, 1, part, run.parts);
        run.compute(run.sample, run.group, mine.begin, mine.end, run.scratch, run.band(part));
    }
    [[gnu::noinline]] void all(const thread_team& team) {
        if (batch >= parts) return team.run(parts, whole_images, this);
        for (sample = 0; sample < batch; ++sample) {
            for (group = 0; group < g.groups; ++group) {
                team.run(parts, copies, this);
                team.run(parts, bands, this);
            }
            finish(sample, 1);
        }
    }
};

/// 1x1 with stride 1: plain products, of one image each, out[m x n] = weights * in[k x n].
template <class T>
struct pointwise_run {
    conv2d_geometry g;
    bool back;
    std::ptrdiff_t batch;
    const T *in, *weights;
    T *out, *scratch;
    std::ptrdiff_t step;
    int parts;
    epilogue finish;

    void sample(const thread_team& team, std::ptrdiff_t s, T* work) const {
        const std::ptrdiff_t n = std::ptrdiff_t(g.height) * g.width;
        const std::ptrdiff_t channels = g.channels / g.groups, filters = g.filters / g.groups;
        const std::ptrdiff_t m = back ? channels : filters, k = back ? filters : channels;
        for (std::ptrdiff_t group = 0; group < g.groups; ++group) {
            const T* w = weights + group * filters * channels;
            gemm<T>(team, m, n, k, back ? matrix_ref<T>{w, 1, channels} : matrix_ref<T>{w, channels, 1},
                    {in + (s * g.groups + group) * k * n, n, 1}, out + (s * g.groups + group) * m * n, n,
                    false, work, {});
        }
        finish(s, 1);
    }
    static void samples(void* context, int part) {
        const auto& run = *static_cast<const pointwise_run*>(context);
        const thread_team alone;
        const range mine = share(run.batch, 1, part, run.parts);
        for (std::ptrdiff_t s = mine.begin; s < mine.end; ++s)
            run.sample(alone, s, run.scratch + part * run.step);
    }
    [[gnu::noinline]] void all(const thread_team& team) {
        if (batch >= parts) return team.run(parts, samples, this);
        for (std::ptrdiff_t s = 0; s < batch; ++s) sample(team, s, scratch);
    }
};

template <class T>
constexpr std::ptrdiff_t pointwise_step(const conv2d_geometry& g) {
    const std::ptrdiff_t n = std::ptrdiff_t(g.height) * g.width;
    const std::ptrdiff_t m = g.channels / g.groups, k = g.filters / g.groups;
    const std::size_t there = gemm_scratch<T>(k, n, m, 1), back = gemm_scratch<T>(m, n, k, 1);
    return std::ptrdiff_t(there > back ? there : back);
}

/// Lays the weights out as [group][phase][channel][filter][tap], and the offsets as [phase][filter][tap].
/// `order` is room for one number for each tap.
template <class T>
[[gnu::noinline]] void turn_weights(const conv2d_geometry& g, const T* weights, T* turned,
                                    std::ptrdiff_t* offsets, std::ptrdiff_t* order) {
    const result_layout layout(g);
    const std::ptrdiff_t channels = g.channels / g.groups, filters = g.filters / g.groups;
    const std::ptrdiff_t window = std::ptrdiff_t(g.kernel_h) * g.kernel_w;
    for (int group = 0; group < g.groups; ++group)
        for (int phase = 0; phase < g.stride_h * g.stride_w; ++phase) {
            std::ptrdiff_t taps = 0;
            for (int i = 0; i < g.kernel_h; ++i)
                for (int j = 0; j < g.kernel_w; ++j)
                    if (layout.v.phase(i) * g.stride_w + layout.h.phase(j) == phase)
                        order[taps++] = i * g.kernel_w + j;
            for (std::ptrdiff_t f = 0; f < filters && group == 0; ++f)
                for (std::ptrdiff_t t = 0; t < taps; ++t)
                    *offsets++ = layout.offset(f, int(order[t] / g.kernel_w), int(order[t] % g.kernel_w));
            for (std::ptrdiff_t c = 0; c < channels; ++c)
                for (std::ptrdiff_t f = 0; f < filters; ++f) {
                    const T* from = weights + ((group * filters + f) * channels + c) * window;
                    for (std::ptrdiff_t t = 0; t < taps; ++t) *turned++ = from[order[t]];
                }
        }
}

}  // namespace detail

/// Elements of scratch that `conv2d_forward` needs; it does not depend on the batch.
template <class T>
constexpr std::size_t conv2d_forward_scratch(const conv2d_geometry& g, std::ptrdiff_t /*batch*/,
                                             int threads) {
    using namespace detail;
    if (threads < 1) threads = 1;
    if (pointwise(g)) return std::size_t(threads * pointwise_step<T>(g));
    const std::ptrdiff_t depth = std::ptrdiff_t(g.channels / g.groups) * g.kernel_h * g.kernel_w;
    return std::size_t(offset_space<T>(depth) + threads * image_run<T>(g, true).step);
}

/// y[batch, filters, out_h, out_w] = the correlation of x[batch, channels, height, width] with
/// w[filters, channels / groups, kernel_h, kernel_w]. `finish` is called for each sample (row) once, possibly
/// from several threads. `scratch` holds conv2d_forward_scratch<T>(g, batch, team.size()) elements, aligned
/// to 64 bytes.
template <class T>
void conv2d_forward(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch, const T* x,
                    const T* w, T* y, T* scratch, epilogue finish = {}) {
    using namespace detail;
    if (pointwise(g)) {
        pointwise_run<T>{g, false, batch, x, w, y, scratch, pointwise_step<T>(g), team.size(), finish}.all(
            team);
        return;
    }
    const std::ptrdiff_t window = std::ptrdiff_t(g.kernel_h) * g.kernel_w,
                         depth = g.channels / g.groups * window;
    auto* const offsets = ::new (static_cast<void*>(scratch)) std::ptrdiff_t[std::size_t(depth)];
    image_run<T> run(g, true, batch, x, w, y, offsets, scratch + offset_space<T>(depth), team.size(), finish);
    for (std::ptrdiff_t k = 0; k < depth; ++k)
        offsets[k] = run.there.offset(k / window, int(k % window) / g.kernel_w, int(k % g.kernel_w));
    run.all(team);
}

/// Elements of scratch that `conv2d_backward_data` needs; it does not depend on the batch.
template <class T>
constexpr std::size_t conv2d_backward_data_scratch(const conv2d_geometry& g, std::ptrdiff_t /*batch*/,
                                                   int threads) {
    using namespace detail;
    if (threads < 1) threads = 1;
    if (pointwise(g)) return std::size_t(threads * pointwise_step<T>(g));
    const std::ptrdiff_t depth = std::ptrdiff_t(g.filters / g.groups) * g.kernel_h * g.kernel_w;
    return std::size_t(offset_space<T>(depth + std::ptrdiff_t(g.kernel_h) * g.kernel_w) +
                       round_up(weight_count(g), 16) + threads * image_run<T>(g, false).step);
}

/// dx[batch, channels, height, width] from dy[batch, filters, out_h, out_w] and the weights. `finish` is
/// called for each sample (row) once. `scratch` holds conv2d_backward_data_scratch<T>(g, batch, team.size())
/// elements, aligned to 64 bytes.
template <class T>
void conv2d_backward_data(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch,
                          const T* dy, const T* w, T* dx, T* scratch, epilogue finish = {}) {
    using namespace detail;
    if (pointwise(g)) {
        pointwise_run<T>{g, true, batch, dy, w, dx, scratch, pointwise_step<T>(g), team.size(), finish}.all(
            team);
        return;
    }
    const std::ptrdiff_t window = std::ptrdiff_t(g.kernel_h) * g.kernel_w,
                         depth = g.filters / g.groups * window;
    auto* const offsets = ::new (static_cast<void*>(scratch)) std::ptrdiff_t[std::size_t(depth + window)];
    T* const turned = scratch + offset_space<T>(depth + window);
    turn_weights(g, w, turned, offsets, offsets + depth);
    image_run<T> run(g, false, batch, dy, turned, dx, offsets, turned + round_up(weight_count(g), 16),
                     team.size(), finish);
    run.all(team);
}

}  // namespace weft::cpu_backend
