#pragma once
/// Losses of angles and distances. Errors, when training begins, for targets that do not
/// fit the network; while it runs, for a loss or a gradient that is no finite number.

#include "../../core/real.hpp"
#include "../../graph/builder.hpp"

namespace weft {

/// 1 - cos of the angle between prediction and target, vectors along the last axis: the mean over the batch
/// and all of them, as PyTorch's CosineEmbeddingLoss of pairs that belong together. Targets have the
/// predictions' shape. Vectors of length 0 are at a right angle to all others.
///
///     constexpr auto embedding = input<4> >> dense<2>;
///     const data::dataset<float, float> directions({1, 2, 3, 4}, {1, 0}, 4, 2);
///     model<embedding, cpu> model{seed{1}};
///     fit(model, directions, cosine_distance, adam{});
struct cosine_distance_loss {
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 15;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        using value = typename B::value;
        using graph::function;
        const int size = prediction.dims.last(), rows = prediction.dims.size() / size;
        const extents vectors{rows, size};
        const value x = b.reshape(prediction, vectors), target = b.target(vectors);
        const auto length = [&](value of) {
            const value squares = b.channel_sum(b.unary(function::square, of));
            return b.unary(function::sqrt, b.offset(squares, 1e-12f));
        };
        const value product = b.channel_sum(b.multiply(x, target));
        const value own = length(x), other = length(target);
        const value cosine = b.divide(b.divide(product, own), other);
        return b.mean(b.offset(b.scale(cosine, -1), 1));
    }
};
inline constexpr cosine_distance_loss cosine_distance{};

/// An anchor shall be nearer to what belongs to it than to what does not, by Margin: the output is three
/// vectors, one after another, of anchor, positive and negative ([3, n] or [3 n]), and there are no targets.
/// The mean over the batch of max(|anchor - positive| - |anchor - negative| + Margin, 0), as PyTorch's
/// TripletMarginLoss (Schroff et al., "FaceNet", 2015). One network for all three is one over three steps:
/// input<3, features> >> dense<…> >> …. Does not compile for an output of another
/// number of elements, nor for a Margin of 0 or below.
///
///     constexpr auto each = input<3, 4> >> dense<2>;
///     const data::dataset<float, float> triplets({1, 2, 3, 4, 1, 2, 3, 5, 9, 8, 7, 6}, {}, 12, 0);
///     model<each, cpu> model{seed{1}};
///     fit(model, triplets, triplet_margin, adam{});
///     fit(model, triplets, triplet_margin_with<0.5>, adam{});
template <real Margin>
struct triplet_margin_loss {
    static_assert(Margin.value() > 0, "weft: a triplet's margin is above 0");
    static constexpr bool takes_labels = false;
    static constexpr bool classifies = false;
    static constexpr int primitives = 17;

    template <class B>
    static constexpr auto lower(B& b, typename B::value prediction) {
        using value = typename B::value;
        using graph::function;
        const int n = (prediction.dims.size() + 2) / 3;
        if (prediction.dims.size() != 3 * n)
            return b.fail(
                {.kind = graph::mistake_kind::size, .wanted = extents(3 * n), .got = prediction.dims},
                {0, extents(1)});
        const value anchor = b.slice(prediction, 0, n);
        const auto distance = [&](int to) {
            // PyTorch adds this to each difference, so that the slope of a length of 0 is no division by 0.
            const value apart = b.offset(b.subtract(anchor, b.slice(prediction, to * n, n)), 1e-6f);
            const value squares = b.unary(function::square, apart);
            return b.unary(function::sqrt, b.channel_sum(b.reshape(squares, extents(1, n))));
        };
        const value near = distance(1), far = distance(2);
        return b.mean(b.unary(function::relu, b.offset(b.subtract(near, far), Margin.value())));
    }
};
template <real Margin = 1.>
inline constexpr triplet_margin_loss<Margin> triplet_margin_with{};
inline constexpr auto triplet_margin = triplet_margin_with<1.>;

}  // namespace weft
