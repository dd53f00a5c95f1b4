#pragma once
/// Kernels on narrow numbers beside the same on wide ones. All arithmetic is float's, so what they leave is
/// the same, rounded: to the bit.
#ifndef WEFT_TEST_CUDA
#define WEFT_TEST_CUDA
#endif

#include <cstdint>
#include <cstring>
#include <functional>

#include "cuda/problems.hpp"

namespace conformance {

/// An array in memory as a chain says, between bytes that must stay. It begins `skip` numbers behind where
/// packs are aligned.
template <class Narrow>
class stored_array {
public:
    stored_array(const std::vector<float>& x, bool narrow, std::size_t skip)
        : size_(x.size()), narrow_(narrow) {
        if (size_ == 0) return;
        start_ = guard + skip * width();
        bytes_.assign(start_ + size_ * width() + guard, filler);
        for (std::size_t i = 0; i < size_; ++i) narrow ? put(i, Narrow(x[i])) : put(i, x[i]);
    }
    float* address() { return size_ == 0 ? nullptr : reinterpret_cast<float*>(bytes_.data() + start_); }
    bool is_narrow() const { return narrow_; }
    std::size_t size() const { return size_; }
    float operator[](std::size_t i) const { return narrow_ ? float(get<Narrow>(i)) : get<float>(i); }

    bool is_within() const {
        for (std::size_t i = 0; i < bytes_.size(); ++i)
            if ((i < start_ || i >= start_ + size_ * width()) && bytes_[i] != filler) return false;
        return true;
    }
    /// Is this what `want` is when it is stored here? One NaN is as good as another.
    bool holds(std::size_t i, float want) const {
        if (narrow_) {
            const Narrow x = get<Narrow>(i), y(want);
            return x.bits == y.bits || (std::isnan(float(x)) && std::isnan(float(y)));
        }
        const float x = get<float>(i);
        return std::memcmp(&x, &want, sizeof x) == 0 || (std::isnan(x) && std::isnan(want));
    }

private:
    static constexpr std::size_t guard = 64;
    static constexpr std::uint8_t filler = 0xa5;
    std::size_t width() const { return narrow_ ? sizeof(Narrow) : sizeof(float); }
    template <class T>
    void put(std::size_t i, T x) {
        std::memcpy(bytes_.data() + start_ + i * sizeof(T), &x, sizeof x);
    }
    template <class T>
    T get(std::size_t i) const {
        T x;
        std::memcpy(&x, bytes_.data() + start_ + i * sizeof(T), sizeof x);
        return x;
    }
    std::size_t size_, start_ = 0;
    bool narrow_;
    std::vector<std::uint8_t> bytes_;
};

/// Which of an operation's inputs, outputs and step operands are narrow, by bit.
struct widths {
    unsigned in = 0, out = 0, operands = 0;
    constexpr bool any() const { return (in | out | operands) != 0; }
};

template <class Narrow>
std::vector<stored_array<Narrow>> stored(const std::vector<std::vector<float>>& all, unsigned narrow) {
    std::vector<stored_array<Narrow>> result;
    for (std::size_t i = 0; i < all.size(); ++i) result.emplace_back(all[i], narrow >> i & 1, 0);
    return result;
}
/// The same, half of them where no pack is aligned.
template <class Narrow>
std::vector<stored_array<Narrow>> stored(const std::vector<std::vector<float>>& all, unsigned narrow,
                                         rng& r) {
    std::vector<stored_array<Narrow>> result;
    for (std::size_t i = 0; i < all.size(); ++i)
        result.emplace_back(all[i], narrow >> i & 1, std::size_t(between(r, 0, 1) ? 0 : between(r, 1, 7)));
    return result;
}
template <class Narrow, class Pointer, std::size_t Count>
void point_to(std::vector<stored_array<Narrow>>& all, Pointer (&to)[Count]) {
    for (std::size_t i = 0; i < all.size(); ++i) to[i] = all[i].address();
}
template <class Narrow>
void round_to(std::vector<std::vector<float>>& all, unsigned narrow) {
    for (std::size_t i = 0; i < all.size(); ++i)
        if (narrow >> i & 1)
            for (float& x : all[i]) x = float(Narrow(x));
}
template <class Narrow>
void compare_bits(const std::vector<stored_array<Narrow>>& got, const std::vector<std::vector<float>>& want,
                  const char* what) {
    REQUIRE(got.size() == want.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
        REQUIRE(got[k].size() == want[k].size());
        CAPTURE(what, k, got[k].is_narrow());
        CHECK(got[k].is_within());
        for (std::size_t i = 0; i < got[k].size(); ++i) {
            if (got[k].holds(i, want[k][i])) continue;
            CAPTURE(i, got[k].size(), got[k][i], want[k][i]);
            FAIL("narrow numbers differ from wide ones that are rounded");
        }
    }
}

/// An operation with a choice of what is narrow, and the same with floats. What is around it is compiled for
/// each type of narrow numbers alone.
struct narrow_run {
    widths narrow;
    tested<float> wide;
    void (*run)(const node&, const weft::arguments<float>&, float* scratch);
};
template <class Op, class Chain, class Narrow, unsigned In, unsigned Out, unsigned Operands>
constexpr narrow_run narrow_run_of() {
    using chain_type = weft::cuda_backend::narrow_chain<Chain, Narrow, In, Out, Operands>;
    return {{In, Out, Operands},
            tested_of<Op, Chain, float>,
            [](const node& n, const weft::arguments<float>& a, float* scratch) {
                weft::cuda_backend::kernel<Op>::template run<chain_type>(weft::cuda_backend::host_twin(), n,
                                                                         a, scratch);
            }};
}

/// Runs p with narrow numbers; with `in_place`, what is in in[0] makes way for the result.
template <class Narrow>
void check_narrow(const narrow_run& operation, problem<float> p, rng& r, bool in_place) {
    CAPTURE(int(p.n.op), Narrow::name, operation.narrow.in, operation.narrow.out, operation.narrow.operands,
            p.batch, p.n.attributes, in_place);
    round_to<Narrow>(p.in, operation.narrow.in);
    round_to<Narrow>(p.operand, operation.narrow.operands);
    const outcome<float> want = on_policy<float>(operation.wide, p, 1, false);

    std::vector<std::vector<float>> nothing;
    for (std::size_t size : p.out) nothing.emplace_back(size, std::numeric_limits<float>::quiet_NaN());
    auto in = stored<Narrow>(p.in, operation.narrow.in, r),
         out = stored<Narrow>(nothing, operation.narrow.out, r),
         operand = stored<Narrow>(p.operand, operation.narrow.operands, r);
    if (in_place) out[0] = in[0];
    weft::arguments<float> a;
    point_to(in, a.in);
    point_to(out, a.out);
    point_to(operand, a.operand);
    if (in_place) a.in[0] = a.out[0];
    a.batch = p.batch;
    a.seed = p.seed;
    a.step = p.step;
    weft::buffer<float> scratch(operation.wide.scratch(p.n, p.batch, 1));
    std::fill_n(scratch.data(), scratch.size(), std::numeric_limits<float>::quiet_NaN());
    operation.run(p.n, a, scratch.data());
    compare_bits(out, want.out, "output");
    compare_bits(operand, want.operand, "operand");
    compare_bits(in, want.in, "input");
}
template <class Op, class Chain, class Narrow, unsigned In, unsigned Out, unsigned Operands>
void check_narrow(const problem<float>& p, rng& r, bool in_place = false) {
    check_narrow<Narrow>(narrow_run_of<Op, Chain, Narrow, In, Out, Operands>(), p, r, in_place);
}

/// Puts among narrow inputs what may be there when training goes wrong: NaN, infinities, numbers that float16
/// cannot hold, and some that it holds as denormal ones.
inline void spoil(problem<float>& p, unsigned in, unsigned operands, rng& r) {
    const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                         std::numeric_limits<float>::infinity(),
                         -std::numeric_limits<float>::infinity(),
                         65519.f,
                         65520.f,
                         -1e30f,
                         3e-6f,
                         -2e-8f,
                         0.f,
                         -0.f};
    const auto spoil_some = [&](std::vector<std::vector<float>>& all, unsigned which) {
        for (std::size_t k = 0; k < all.size(); ++k)
            for (std::size_t i = 0; which >> k & 1 && i < all[k].size(); ++i)
                if (between(r, 0, 19) == 0) all[k][i] = bad[between(r, 0, 9)];
    };
    spoil_some(p.in, in);
    spoil_some(p.operand, operands);
}

using no_steps = weft::chain<weft::graph::function_list<>, operand_mode::same>;

using make_problem = std::function<problem<float>(rng&)>;

template <class Narrow>
void check_widths(const narrow_run& operation, const make_problem& make, void (*add_steps)(node&),
                  unsigned seed, int rounds) {
    rng r{seed};
    for (int i = 0; i < rounds; ++i) {
        problem<float> p = make(r);
        if (add_steps != nullptr) {
            add_steps(p.n);
            fill_operands(p, r, 0.5, 2);
        }
        if (i % 3 == 2) spoil(p, operation.narrow.in, operation.narrow.operands, r);
        check_narrow<Narrow>(operation, p, r, false);
    }
}
/// Problems from `make(r)` with one choice of what is narrow.
template <class Op, class Narrow, unsigned In, unsigned Out, class Chain = no_steps, unsigned Operands = 0>
void check_widths(const make_problem& make, int rounds) {
    void (*const add_steps)(node&) = [](node& n) { set_steps(n, Chain{}); };
    check_widths<Narrow>(narrow_run_of<Op, Chain, Narrow, In, Out, Operands>(), make,
                         Chain::size > 0 ? add_steps : nullptr,
                         unsigned(number_of<Op>) * 7919 + In * 31 + Out * 7 + Operands, rounds);
}

}  // namespace conformance
