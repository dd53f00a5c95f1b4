// The one list of weft's primitives, and the files that they are in: primitives/<family>.hpp here, and a file
// of the same name in the folder of each backend that has kernels for the family. Whoever defines
// WEFT_FAMILY(name) as the path from here to such a file, WEFT_TEXT(name.hpp), gets all of them (after what
// they include, which may include this); hence no #pragma once.

#ifndef WEFT_PRIMITIVES
#define WEFT_PRIMITIVES
#define WEFT_TEXT(path) #path
namespace weft::graph {

template <class... Primitives>
struct primitive_list {};

using primitives = primitive_list<
    // clang-format off
    struct elementwise,
    struct gemm,
    struct gemm_data,
    struct gemm_weights,
    struct conv2d,
    struct conv2d_data,
    struct conv2d_weights,
    struct max_pool2d,
    struct max_pool2d_grad,
    struct avg_pool2d,
    struct avg_pool2d_grad,
    struct upsample2d,
    struct upsample2d_grad,
    struct reduce,
    struct softmax,
    struct softmax_grad,
    struct log_softmax,
    struct log_softmax_grad,
    struct layer_norm,
    struct layer_norm_grad,
    struct batch_norm,
    struct batch_norm_grad,
    struct batch_norm_stats,
    struct batch_norm_coeffs,
    struct batch_norm_sums,
    struct concat,
    struct slice,
    struct pick_nll,
    struct pick_nll_grad,
    struct softmax_xent,
    struct softmax_xent_grad
    // clang-format on
    >;

}  // namespace weft::graph
#endif

#ifdef WEFT_FAMILY
#include WEFT_FAMILY(elementwise)
#include WEFT_FAMILY(products)
#include WEFT_FAMILY(convolution)
#include WEFT_FAMILY(windows)
#include WEFT_FAMILY(reduce)
#include WEFT_FAMILY(softmax)
#include WEFT_FAMILY(layer_norm)
#include WEFT_FAMILY(batch_norm)
#include WEFT_FAMILY(movement)
#include WEFT_FAMILY(cross_entropy)
#undef WEFT_FAMILY
#endif
