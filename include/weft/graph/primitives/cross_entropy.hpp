#pragma once

#include "../record.hpp"

namespace weft::graph {

/// Of a cross-entropy over `classes`: `targets` is 1 where the target is a label, and `classes` where it is a
/// probability for each.
struct class_loss {
    int classes, targets;
    float smoothing;
    int weighted;  ///< by a number for each class

    constexpr port all() const { return {extents(classes)}; }
    constexpr port one() const { return {extents(1)}; }
    constexpr port target() const { return {extents(targets)}; }
    constexpr port weights() const { return {extents(classes), false, !weighted}; }
};

/// in: dloss, label or targets (, class weights); out: the gradient of the log-probabilities
struct pick_nll_grad : class_loss {
    static constexpr const char* name = "pick_nll_grad";
    static constexpr int inputs = 3, outputs = 1;
    constexpr port in(int k) const { return k == 0 ? one() : k == 1 ? target() : weights(); }
    constexpr port out(int) const { return all(); }
    constexpr std::int64_t flops(const node&) const { return 2 * std::int64_t(classes); }
};

/// in: log-probabilities, label or targets (, class weights); out: minus the log-probability of the target,
/// and the target's weight
struct pick_nll : class_loss {
    static constexpr const char* name = "pick_nll";
    static constexpr int inputs = 3, outputs = 2;
    constexpr port in(int k) const { return k == 0 ? all() : k == 1 ? target() : weights(); }
    constexpr port out(int) const { return one(); }
    constexpr std::int64_t flops(const node&) const { return 2 * std::int64_t(classes); }
    constexpr operation_text text(const node&) const { return {.to = extents(classes)}; }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        if (d.wanted(n.in[0]))
            d.add(n.in[0], d.emit(pick_nll_grad{n.as<class_loss>()}, {d.of(n.out[0]), n.in[1], n.in[2]}));
    }
};

/// in: dloss, probabilities, label or targets (, class weights); out: the gradient of the logits
struct softmax_xent_grad : class_loss {
    static constexpr const char* name = "softmax_xent_grad";
    static constexpr int inputs = 4, outputs = 1;
    constexpr port in(int k) const { return k == 0 ? one() : k == 1 ? all() : k == 2 ? target() : weights(); }
    constexpr port out(int) const { return all(); }
    constexpr std::int64_t flops(const node&) const { return 2 * std::int64_t(classes); }
};

/// in: logits, label or targets (, class weights); out: loss, the target's weight, probabilities
struct softmax_xent : class_loss {
    static constexpr const char* name = "softmax_xent";
    static constexpr int inputs = 3, outputs = 3;
    constexpr port in(int k) const { return k == 0 ? all() : k == 1 ? target() : weights(); }
    constexpr port out(int k) const { return k == 2 ? all() : one(); }
    constexpr std::int64_t flops(const node&) const { return 7 * std::int64_t(classes); }
    constexpr operation_text text(const node&) const { return {.to = extents(classes)}; }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        if (d.wanted(n.in[0]))
            d.add(n.in[0], d.emit(softmax_xent_grad{n.as<class_loss>()},
                                  {d.of(n.out[0]), n.out[2], n.in[1], n.in[2]}));
    }
};

}  // namespace weft::graph
