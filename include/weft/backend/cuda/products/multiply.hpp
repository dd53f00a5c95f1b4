#pragma once

#include <string>

#include "../../../core/error.hpp"
#include "../execution/launch.hpp"
#include "factors.hpp"
#include "multiply_adds.hpp"
#include "parts.hpp"
#include "tensor_cores.hpp"

namespace weft::cuda_backend {

/// The tiles that products are cut into: `large` has the most products for each number read, `flat` is for
/// few rows, `medium` for the rest. Registers and shared memory hold half as many doubles.
template <class T>
struct tile_shapes {
    using large = tile_shape<128, 128, 8, 8, 8>;
    using medium = tile_shape<64, 64, 16, 4, 8>;
    using flat = tile_shape<32, 128, 16, 4, 8>;
};
template <>
struct tile_shapes<double> {
    using large = tile_shape<128, 64, 8, 8, 4>;
    using medium = tile_shape<64, 64, 8, 4, 4>;
    using flat = tile_shape<32, 128, 16, 4, 4>;
};
/// Of factors in 16 bits, on tensor cores. Plans count the same tiles.
template <class Narrow>
requires(sizeof(Narrow) == 2) struct tile_shapes<Narrow> {
    using large = warp_shape<128, 128, 32, 2, 4>;
    using medium = warp_shape<64, 64, 32, 2, 2>;
    using flat = warp_shape<32, 128, 32, 1, 4>;
};
enum class tile_kind { large, medium, flat };

/// How a product is done, by its sizes alone.
struct product_plan {
    product_sizes sizes;
    tile_kind kind;
};

template <class Shape>
constexpr std::int64_t tiles_of(const product_sizes& s) {
    return s.count * pieces(s.rows, Shape::rows) * pieces(s.columns, Shape::columns);
}

template <class T>
constexpr product_plan plan_product(std::int64_t count, std::int64_t rows, std::int64_t columns,
                                    std::int64_t depth) {
    using shapes = tile_shapes<T>;
    constexpr int unit = 16, least = 128, least_large = 256;  // of depth
    product_plan p{{int(count), int(rows), int(columns), int(depth), 1, int(depth)}, tile_kind::medium};
    product_sizes& s = p.sizes;
    const std::int64_t large = tiles_of<typename shapes::large>(s);
    if (rows <= 32) {
        p.kind = tile_kind::flat;
        split_depth(s, tiles_of<typename shapes::flat>(s), unit, least);
    } else if (rows > 64 && columns > shapes::large::columns * 3 / 4 &&
               large * (depth / least_large + 1) >= wanted_blocks / 2) {
        p.kind = tile_kind::large;
        split_depth(s, large, unit, least_large);
    } else {
        split_depth(s, tiles_of<typename shapes::medium>(s), unit, least);
    }
    return p;
}

/// Indices inside kernels are ints, as a divider's are; the last step through a depth may end beyond it.
constexpr bool fits_kernels(std::int64_t size) { return size < (std::int64_t(1) << 31) - 1024; }

inline void check_sizes(std::int64_t rows, std::int64_t columns, std::int64_t depth) {
    if (fits_kernels(rows) && fits_kernels(columns) && fits_kernels(depth)) return;
    raise("cannot multiply matrices",
          std::to_string(rows) + " rows, " + std::to_string(columns) + " columns, a depth of " +
              std::to_string(depth),
          "the cuda policy's own products take fewer than 2^31 of each");
}

/// out[z][rows, columns] = a b, and what follows, in tiles of one shape. Scratch is parts_scratch of the
/// sizes.
template <class Shape, class Device, class T, class Out, class A, class B, class Result, class Tail>
void multiply_tiles(const Device& device, const product_sizes& s, const A& a, const B& b, Result result,
                    const Tail& tail, const product_outputs<T, Out>& to) {
    using engine = typename Shape::template engine<T, A, B>;
    using results = tile_results<T, Result, Tail, Out>;
    if (s.count == 0 || s.rows == 0 || s.columns == 0) return;
    const bool cut = s.splits > 1;
    const std::int64_t stride = part_stride(part_size(s, to.line_sums != nullptr));
    result.packs = Shape::packs && result.packs && (!cut || pack<T>::aligned(to.scratch));
    device.launch(tiles_of<Shape>(s) * s.splits,
                  tiled_product<engine, results>{engine{a, b},
                                                 results{result, tail, to.out, cut ? to.scratch : nullptr,
                                                         to.line_sums, stride, part_size(s, false)},
                                                 s});
    if (cut) add_parts(device, s, to, tail);
}

/// The same in the plan's tiles.
template <class Device, class T, class Out, class A, class B, class Result, class Tail>
void multiply(const Device& device, const product_plan& p, const A& a, const B& b, const Result& result,
              const Tail& tail, const product_outputs<T, Out>& to) {
    using shapes = tile_shapes<typename A::number>;
    const product_sizes& s = p.sizes;
    if (p.kind == tile_kind::large)
        multiply_tiles<typename shapes::large>(device, s, a, b, result, tail, to);
    else if (p.kind == tile_kind::flat)
        multiply_tiles<typename shapes::flat>(device, s, a, b, result, tail, to);
    else
        multiply_tiles<typename shapes::medium>(device, s, a, b, result, tail, to);
}

}  // namespace weft::cuda_backend
