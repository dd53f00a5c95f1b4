#pragma once

#include "../record.hpp"

namespace weft::graph {

/// Of a product of x[rows, depth], per sample, with w[outs, depth].
struct product {
    int rows, outs, depth;

    static constexpr int inputs = 2, outputs = 1;
    static constexpr bool multiplies = true;
    constexpr port x() const { return {extents(rows, depth)}; }
    constexpr port w() const { return {extents(outs, depth), false}; }
    constexpr port y() const { return {extents(rows, outs)}; }
    constexpr std::int64_t multiply_adds() const { return std::int64_t(rows) * outs * depth; }
    constexpr std::int64_t flops(const node&) const { return 2 * multiply_adds(); }

    /// A row is written without the number of rows where there is but one.
    static constexpr extents row(const port& p) { return p.dims[0] == 1 ? extents(p.dims[1]) : p.dims; }
};

/// in: dy[rows, outs], w; out: dy w [rows, depth]
struct gemm_data : product {
    static constexpr const char* name = "gemm_data";
    static constexpr bool takes_steps = true;
    constexpr port in(int k) const { return k == 0 ? y() : w(); }
    constexpr port out(int) const { return x(); }
    constexpr operation_text text(const node&) const { return {.from = row(y()), .to = row(x())}; }
};

/// in: x, dy[rows, outs]; out: dw[outs, depth] (and db[outs])
struct gemm_weights : product {
    static constexpr const char* name = "gemm_weights";
    static constexpr int outputs = 2;
    constexpr port in(int k) const { return k == 0 ? x() : y(); }
    constexpr port out(int k) const { return k == 0 ? w() : port{extents(outs), false, true}; }
    /// What of dy goes into which number of db.
    constexpr blocking bias_view() const { return {rows, outs, 1}; }
    constexpr std::int64_t flops(const node& n) const {
        return 2 * multiply_adds() + (n.out[1] >= 0 ? std::int64_t(rows) * outs : 0);
    }
    constexpr operation_text text(const node& n) const {
        return {.to = w().dims, .also = n.out[1] >= 0 ? " + bias sums" : ""};
    }
};

/// The gradients of a product's two factors.
template <class Data, class Weights, class P, class D>
constexpr void product_gradient(D& d, const P& p, const node& n) {
    const int dy = d.of(n.out[0]);
    if (d.wanted(n.in[1])) d.add(n.in[1], d.emit(Weights{p}, {n.in[0], dy}));
    if (d.wanted(n.in[0])) d.add(n.in[0], d.emit(Data{p}, {dy, n.in[1]}));
}

/// in: x, w; out: x w^T [rows, outs]
struct gemm : product {
    static constexpr const char* name = "gemm";
    static constexpr bool takes_steps = true;
    constexpr port in(int k) const { return k == 0 ? x() : w(); }
    constexpr port out(int) const { return y(); }
    constexpr operation_text text(const node&) const { return {.from = row(x()), .to = row(y())}; }

    template <class D>
    static constexpr void gradient(D& d, const node& n) {
        product_gradient<gemm_data, gemm_weights>(d, n.as<product>(), n);
    }
};

}  // namespace weft::graph
