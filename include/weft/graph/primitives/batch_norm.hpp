#pragma once

#include "elementwise.hpp"

namespace weft::graph {

/// Of images [channels, inner] that are normalised over the batch and their pixels.
struct batch_normalization {
    int channels, inner;
    float epsilon, momentum;
    int training;  ///< statistics of the batch, which move the running ones; or those that were saved

    constexpr port all() const { return {extents(channels, inner)}; }
    constexpr port each() const { return {extents(channels), false}; }
    constexpr port maybe() const { return {extents(channels), false, true}; }
    constexpr blocking view() const { return {1, channels, inner}; }
    constexpr std::int64_t flops_each(int times) const { return times * std::int64_t(channels) * inner; }

    /// A step with one number for each channel.
    static constexpr step by_channel(step_kind kind, int operand) {
        return {.kind = kind, .mode = operand_mode::channel, .operand = std::int16_t(operand)};
    }
};

/// in: x, gamma, beta, running mean and variance (updated); out: scale, shift, mean, 1 / deviation
struct batch_norm_stats : batch_normalization {
    static constexpr const char* name = "batch_norm_stats";
    static constexpr int inputs = 5, outputs = 4;
    static constexpr bool has_effects = true;
    constexpr port in(int k) const { return k == 0 ? all() : k < 3 ? maybe() : each(); }
    constexpr port out(int) const { return each(); }
    constexpr std::int64_t flops(const node&) const { return flops_each(4); }
};

/// in: gamma, beta, running mean, running variance; out: scale, shift
struct batch_norm_coeffs : batch_normalization {
    static constexpr const char* name = "batch_norm_coeffs";
    static constexpr int inputs = 4, outputs = 2;
    constexpr port in(int k) const { return k < 2 ? maybe() : each(); }
    constexpr port out(int) const { return each(); }
    constexpr std::int64_t flops(const node&) const { return 5 * std::int64_t(channels); }
};

/// in: dy, x, gamma, mean, 1 / deviation; out: dgamma, dbeta, and a, b, d of dx = a (b x + d + dy)
struct batch_norm_sums : batch_normalization {
    static constexpr const char* name = "batch_norm_sums";
    static constexpr int inputs = 5, outputs = 5;
    constexpr port in(int k) const { return k < 2 ? all() : k == 2 ? maybe() : each(); }
    constexpr port out(int) const { return each(); }
    constexpr std::int64_t flops(const node&) const { return flops_each(4); }
};

/// in: dy, x, gamma, mean, 1 / deviation; out: dx, dgamma, dbeta
struct batch_norm_grad : batch_normalization {
    static constexpr const char* name = "batch_norm_grad";
    static constexpr int inputs = 5, outputs = 3;
    constexpr port in(int k) const { return k < 2 ? all() : k == 2 ? maybe() : each(); }
    constexpr port out(int k) const { return k == 0 ? all() : each(); }
    constexpr std::int64_t flops(const node&) const { return flops_each(8); }

    /// dx = a (b x + d + dy), per channel.
    static constexpr int expanded_operations = 2, expanded_values = 3;
    static constexpr void expand(graph_writer& g, const node& n) {
        const auto p = n.as<batch_normalization>();
        node sums = make_node(batch_norm_sums{p}, n.in[0], n.in[1], n.in[2], n.in[3], n.in[4]);
        sums.layer = n.layer;
        sums.view = n.view;
        sums.out[0] = n.out[1];
        sums.out[1] = n.out[2];
        g.add_outputs(sums, batch_norm_sums{p}, 2);
        g.add_node(sums);
        node apply = make_node(elementwise{}, n.in[1]);
        apply.layer = n.layer;
        apply.out[0] = n.out[0];
        apply.view = n.view;
        apply.add_step(by_channel(step_kind::multiply, sums.out[3]));
        apply.add_step(by_channel(step_kind::add, sums.out[4]));
        apply.add_step({.kind = step_kind::add, .operand = n.in[0]});
        apply.add_step(by_channel(step_kind::multiply, sums.out[2]));
        g.add_node(apply);
    }
};

/// in: x, gamma, beta, running mean, running variance; out: y (and in training scale, shift, mean,
/// 1 / deviation)
struct batch_norm : batch_normalization {
    static constexpr const char* name = "batch_norm";
    static constexpr int inputs = 5, outputs = 5;
    static constexpr bool has_effects = true;
    constexpr port in(int k) const { return k == 0 ? all() : k < 3 ? maybe() : each(); }
    constexpr port out(int k) const { return k == 0 ? all() : training ? each() : maybe(); }
    constexpr std::int64_t flops(const node&) const { return flops_each(2); }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        const auto made = d.emit_all(batch_norm_grad{n.as<batch_normalization>()},
                                     {d.of(n.out[0]), n.in[0], n.in[1], n.out[3], n.out[4]}, n.view);
        for (int k = 0; k < 3; ++k) d.add(n.in[k], made.out[k]);
    }

    /// y = scale x + shift, per channel: statistics, and steps that fuse into what comes before. In inference
    /// that folds all of it into the preceding convolution or dense layer.
    static constexpr int expanded_operations = 2, expanded_values = 2;
    static constexpr void expand(graph_writer& g, const node& n) {
        const auto p = n.as<batch_normalization>();
        node numbers;
        if (p.training) {
            numbers = make_node(batch_norm_stats{p}, n.in[0], n.in[1], n.in[2], n.in[3], n.in[4]);
            for (int i = 0; i < 4; ++i) numbers.out[i] = n.out[i + 1];
        } else {
            numbers = make_node(batch_norm_coeffs{p}, n.in[1], n.in[2], n.in[3], n.in[4]);
            numbers.once = true;
            g.add_outputs(numbers, batch_norm_coeffs{p});
        }
        numbers.layer = n.layer;
        numbers.view = n.view;
        g.add_node(numbers);
        node apply = make_node(elementwise{}, n.in[0]);
        apply.layer = n.layer;
        apply.out[0] = n.out[0];
        apply.view = n.view;
        apply.add_step(by_channel(step_kind::multiply, numbers.out[0]));
        apply.add_step(by_channel(step_kind::add, numbers.out[1]));
        g.add_node(apply);
    }
};

}  // namespace weft::graph
