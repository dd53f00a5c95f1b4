#pragma once

#include <new>

#include "convolution_weights.hpp"
#include "image_view.hpp"

namespace weft::cpu_backend {

namespace detail {

/// Forward, or backward to the data: per image and group, copy the planes, then correlate. With as many
/// images as threads each thread takes whole images, otherwise the threads share the planes and rows of one
/// image at a time.
template <class T>
struct image_run {
    conv2d_geometry g;
    const T *in, *weights;  // weights: as they are, or turned for the way back
    T* out;
    const std::ptrdiff_t* offsets;
    T* scratch;
    std::ptrdiff_t step;  // scratch of one thread: the copied planes, then a band
    std::ptrdiff_t planes;
    std::ptrdiff_t batch;
    int parts;
    epilogue finish;
    std::ptrdiff_t sample = 0;
    int group = 0;

    T* band(int part) const { return scratch + part * step + planes; }
};

template <class T>
struct forward_run : image_run<T> {
    using base = image_run<T>;
    constexpr std::ptrdiff_t in_channels() const { return this->g.channels / this->g.groups; }
    constexpr std::ptrdiff_t out_channels() const { return this->g.filters / this->g.groups; }
    std::ptrdiff_t work_rows() const { return this->g.out_h(); }

    void copy(std::ptrdiff_t sample, int group, std::ptrdiff_t first, std::ptrdiff_t last, T* view) const {
        const conv2d_geometry& g = this->g;
        const std::ptrdiff_t image = std::ptrdiff_t(g.height) * g.width;
        const T* in = this->in + (sample * g.channels + group * in_channels()) * image;
        const std::ptrdiff_t plane = input_layout(g).plane();
        for (std::ptrdiff_t c = first; c < last; ++c) copy_input(g, in + c * image, view + c * plane);
    }
    void compute(std::ptrdiff_t sample, int group, std::ptrdiff_t first, std::ptrdiff_t last, const T* view,
                 T* band) const {
        const conv2d_geometry& g = this->g;
        const std::ptrdiff_t depth = in_channels() * g.kernel_h * g.kernel_w;
        const std::ptrdiff_t plane = std::ptrdiff_t(g.out_h()) * g.out_w();
        const std::ptrdiff_t filter = group * out_channels();
        correlate<T>({out_channels(), depth, this->weights + filter * depth, view, this->offsets, g.out_h(),
                      g.out_w(), input_layout(g).pitch(), this->out + (sample * g.filters + filter) * plane,
                      plane, g.out_w(), 1, band},
                     first, last);
    }
};

template <class T>
struct data_run : image_run<T> {
    constexpr std::ptrdiff_t in_channels() const { return this->g.filters / this->g.groups; }
    constexpr std::ptrdiff_t out_channels() const { return this->g.channels / this->g.groups; }
    /// Rows of quotients, of which each phase has its own.
    std::ptrdiff_t work_rows() const { return (this->g.height - 1) / this->g.stride_h + 1; }

    void copy(std::ptrdiff_t sample, int group, std::ptrdiff_t first, std::ptrdiff_t last, T* view) const {
        const conv2d_geometry& g = this->g;
        const std::ptrdiff_t image = std::ptrdiff_t(g.out_h()) * g.out_w();
        const T* in = this->in + (sample * g.filters + group * in_channels()) * image;
        const std::ptrdiff_t plane = result_layout(g).plane();
        for (std::ptrdiff_t c = first; c < last; ++c) copy_result(g, in + c * image, view + c * plane);
    }
    void compute(std::ptrdiff_t sample, int group, std::ptrdiff_t first, std::ptrdiff_t last, const T* view,
                 T* band) const {
        const conv2d_geometry& g = this->g;
        const result_layout layout(g);
        const std::ptrdiff_t plane = std::ptrdiff_t(g.height) * g.width,
                             pairs = in_channels() * out_channels();
        const T* weights = this->weights + group * pairs * g.kernel_h * g.kernel_w;
        const std::ptrdiff_t* offsets = this->offsets;
        T* out = this->out + (sample * g.channels + group * out_channels()) * plane;
        for (int r = 0; r < g.stride_h; ++r)
            for (int s = 0; s < g.stride_w; ++s) {
                const std::ptrdiff_t taps = std::ptrdiff_t(layout.v.taps(r)) * layout.h.taps(s);
                const int height = layout.v.inputs(r), width = layout.h.inputs(s);
                if (height > 0 && width > 0)
                    correlate<T>(
                        {out_channels(), in_channels() * taps, weights, view, offsets, height, width,
                         layout.pitch(),
                         out + std::ptrdiff_t(layout.v.first_input(r)) * g.width + layout.h.first_input(s),
                         plane, std::ptrdiff_t(g.stride_h) * g.width, g.stride_w, band},
                        first, smaller(last, height));
                weights += pairs * taps;
                offsets += in_channels() * taps;
            }
    }
};

template <class Run>
struct image_tasks {
    /// Whole images.
    static void samples(void* context, int part) {
        const Run& run = *static_cast<const Run*>(context);
        const range mine = share(run.batch, 1, part, run.parts);
        auto* const view = run.scratch + part * run.step;
        for (std::ptrdiff_t sample = mine.begin; sample < mine.end; ++sample) {
            for (int group = 0; group < run.g.groups; ++group) {
                run.copy(sample, group, 0, run.in_channels(), view);
                run.compute(sample, group, 0, run.work_rows(), view, run.band(part));
            }
            run.finish(sample, 1);
        }
    }
    static void copies(void* context, int part) {
        const Run& run = *static_cast<const Run*>(context);
        const range mine = share(run.in_channels(), 1, part, run.parts);
        run.copy(run.sample, run.group, mine.begin, mine.end, run.scratch);
    }
    static void rows(void* context, int part) {
        const Run& run = *static_cast<const Run*>(context);
        const range mine = share(run.work_rows(), 1, part, run.parts);
        run.compute(run.sample, run.group, mine.begin, mine.end, run.scratch, run.band(part));
    }
    static void all(const thread_team& team, Run& run) {
        run.parts = team.size();
        if (run.batch >= team.size()) {
            team.run(run.parts, samples, &run);
            return;
        }
        for (run.sample = 0; run.sample < run.batch; ++run.sample) {
            for (run.group = 0; run.group < run.g.groups; ++run.group) {
                team.run(run.parts, copies, &run);
                team.run(run.parts, rows, &run);
            }
            run.finish(run.sample, 1);
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
        const thread_team alone(1);
        const range mine = share(run.batch, 1, part, run.parts);
        for (std::ptrdiff_t s = mine.begin; s < mine.end; ++s)
            run.sample(alone, s, run.scratch + part * run.step);
    }
    void all(const thread_team& team) {
        parts = team.size();
        if (batch >= team.size())
            team.run(parts, samples, this);
        else
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

/// Elements of the copied planes of one group, forward and back.
template <class T>
constexpr std::ptrdiff_t input_planes(const conv2d_geometry& g) {
    return g.channels / g.groups * input_layout(g).plane() + view_slack<T>();
}
template <class T>
constexpr std::ptrdiff_t result_planes(const conv2d_geometry& g) {
    return g.filters / g.groups * result_layout(g).plane() + view_slack<T>();
}
template <class T>
constexpr std::ptrdiff_t forward_step(const conv2d_geometry& g) {
    return input_planes<T>(g) + band_size<T>(g.out_h(), input_layout(g).pitch());
}
template <class T>
constexpr std::ptrdiff_t data_step(const conv2d_geometry& g) {
    return result_planes<T>(g) + band_size<T>(g.height, result_layout(g).pitch());
}
constexpr std::ptrdiff_t weight_count(const conv2d_geometry& g) {
    return std::ptrdiff_t(g.filters) * (g.channels / g.groups) * g.kernel_h * g.kernel_w;
}

/// Lays the weights out as [group][phase][channel][filter][tap], and the offsets as [phase][filter][tap].
template <class T>
void turn_weights(const conv2d_geometry& g, const T* weights, T* turned, std::ptrdiff_t* offsets) {
    const result_layout layout(g);
    const std::ptrdiff_t channels = g.channels / g.groups, filters = g.filters / g.groups;
    const std::ptrdiff_t window = std::ptrdiff_t(g.kernel_h) * g.kernel_w;
    for (int group = 0; group < g.groups; ++group)
        for (int phase = 0; phase < g.stride_h * g.stride_w; ++phase)
            for (std::ptrdiff_t c = 0; c < channels; ++c)
                for (std::ptrdiff_t f = 0; f < filters; ++f)
                    for (int i = 0; i < g.kernel_h; ++i) {
                        if (layout.v.phase(i) != phase / g.stride_w) continue;
                        for (int j = 0; j < g.kernel_w; ++j) {
                            if (layout.h.phase(j) != phase % g.stride_w) continue;
                            *turned++ =
                                weights[((group * filters + f) * channels + c) * window + i * g.kernel_w + j];
                            if (group == 0 && c == 0) *offsets++ = layout.offset(int(f), i, j);
                        }
                    }
}

}  // namespace detail

/// Elements of scratch that `conv2d_forward` needs; it does not depend on the batch.
template <class T>
constexpr std::size_t conv2d_forward_scratch(const conv2d_geometry& g, std::ptrdiff_t /*batch*/,
                                             int threads) {
    using namespace detail;
    if (pointwise(g)) return std::size_t(threads * pointwise_step<T>(g));
    const std::ptrdiff_t depth = std::ptrdiff_t(g.channels / g.groups) * g.kernel_h * g.kernel_w;
    return std::size_t(offset_space<T>(depth) + threads * forward_step<T>(g));
}

/// y[batch, filters, out_h, out_w] = the correlation of x[batch, channels, height, width] with
/// w[filters, channels / groups, kernel_h, kernel_w]. `finish` is called for each sample (row) once, possibly
/// from several threads. `scratch` holds conv2d_forward_scratch<T>(g, batch, team.size()) elements.
template <class T>
void conv2d_forward(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch, const T* x,
                    const T* w, T* y, T* scratch, epilogue finish = {}) {
    using namespace detail;
    if (pointwise(g)) {
        pointwise_run<T>{g, false, batch, x, w, y, scratch, pointwise_step<T>(g), 1, finish}.all(team);
        return;
    }
    const std::ptrdiff_t channels = g.channels / g.groups, window = std::ptrdiff_t(g.kernel_h) * g.kernel_w;
    auto* const offsets = ::new (static_cast<void*>(scratch)) std::ptrdiff_t[std::size_t(channels * window)];
    for (std::ptrdiff_t k = 0; k < channels * window; ++k)
        offsets[k] =
            input_layout(g).offset(int(k / window), int(k % window) / g.kernel_w, int(k % g.kernel_w));
    forward_run<T> run{{g, x, w, y, offsets, scratch + offset_space<T>(channels * window), forward_step<T>(g),
                        input_planes<T>(g), batch, 1, finish}};
    image_tasks<forward_run<T>>::all(team, run);
}

/// Elements of scratch that `conv2d_backward_data` needs; it does not depend on the batch.
template <class T>
constexpr std::size_t conv2d_backward_data_scratch(const conv2d_geometry& g, std::ptrdiff_t /*batch*/,
                                                   int threads) {
    using namespace detail;
    if (pointwise(g)) return std::size_t(threads * pointwise_step<T>(g));
    const std::ptrdiff_t depth = std::ptrdiff_t(g.filters / g.groups) * g.kernel_h * g.kernel_w;
    return std::size_t(offset_space<T>(depth) + round_up(weight_count(g), 16) + threads * data_step<T>(g));
}

/// dx[batch, channels, height, width] from dy[batch, filters, out_h, out_w] and the weights. `finish` is
/// called for each sample (row) once. `scratch` holds conv2d_backward_data_scratch<T>(g, batch, team.size())
/// elements.
template <class T>
void conv2d_backward_data(const thread_team& team, const conv2d_geometry& g, std::ptrdiff_t batch,
                          const T* dy, const T* w, T* dx, T* scratch, epilogue finish = {}) {
    using namespace detail;
    if (pointwise(g)) {
        pointwise_run<T>{g, true, batch, dy, w, dx, scratch, pointwise_step<T>(g), 1, finish}.all(team);
        return;
    }
    const std::ptrdiff_t depth = std::ptrdiff_t(g.filters / g.groups) * g.kernel_h * g.kernel_w;
    auto* const offsets = ::new (static_cast<void*>(scratch)) std::ptrdiff_t[std::size_t(depth)];
    T* const turned = scratch + offset_space<T>(depth);
    turn_weights(g, w, turned, offsets);
    data_run<T> run{{g, dy, turned, dx, offsets, turned + round_up(weight_count(g), 16), data_step<T>(g),
                     result_planes<T>(g), batch, 1, finish}};
    image_tasks<data_run<T>>::all(team, run);
}

}  // namespace weft::cpu_backend
