#pragma once
/// One operation with random inputs, run on a policy (cpu, Thrust on each of its systems in programs built
/// with WEFT_TEST_THRUST, the twin of CUDA's kernels with WEFT_TEST_CUDA, or the GPU with
/// WEFT_TEST_CUDA_DEVICE) and on the reference in double.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>
#include <weft/backend/chain.hpp>
#include <weft/backend/reference/run.hpp>
#include <weft/core/buffer.hpp>
#include <weft/graph/differentiate.hpp>

#include "catch.hpp"

#if defined(WEFT_TEST_THRUST)
#include <weft/backend/thrust/kernels.hpp>
#include <weft/backend/thrust/twin.hpp>
#elif defined(WEFT_TEST_CUDA) || defined(WEFT_TEST_CUDA_DEVICE)
#include "on_cuda.hpp"
#else
#include <weft/backend/cpu/kernels.hpp>
#endif

namespace conformance {

using weft::graph::function;
using weft::graph::node;
namespace graph = weft::graph;
using weft::graph::operand_mode;
using weft::graph::step_kind;

template <class Op, class Other>
inline constexpr bool is = std::is_same_v<Op, Other>;
/// A seed of its own for each primitive.
template <class Op>
inline constexpr int number_of = int(graph::opcode_of<Op>) + 1;

using rng = std::mt19937;

inline int between(rng& r, int low, int high) { return std::uniform_int_distribution<int>(low, high)(r); }

/// The one place for tolerances: what a result may differ from the reference in double, when its own inputs
/// are of the order of one and `length` products were summed.
template <class T>
double tolerance(double want, double length) {
    const double epsilon = double(std::numeric_limits<T>::epsilon());
    return epsilon * (24 + 2 * std::sqrt(length)) * std::max(1.0, std::abs(want));
}

template <class T>
struct problem {
    node n;
    int batch = 1;
    std::vector<std::vector<T>> in, operand;  ///< filled; empty means absent
    std::vector<std::size_t> out;             ///< sizes; 0 means absent
    double length = 1;                        ///< terms in a sum, for the tolerance
    std::uint64_t seed = 5, step = 3;
};

template <class T>
std::vector<T> numbers(rng& r, std::size_t size, double low = -1, double high = 1) {
    std::uniform_real_distribution<double> d(low, high);
    std::vector<T> x(size);
    for (T& v : x) v = T(d(r));
    return x;
}

/// What an operation leaves behind: its outputs, its operands (some are stored to) and its inputs (running
/// statistics are written there).
template <class T>
struct outcome {
    std::vector<std::vector<T>> out, operand, in;
    bool operator==(const outcome& other) const {
        const auto same = [](const auto& a, const auto& b) {
            if (a.size() != b.size()) return false;
            for (std::size_t i = 0; i < a.size(); ++i)
                if (a[i].size() != b[i].size() ||
                    (!a[i].empty() && std::memcmp(a[i].data(), b[i].data(), a[i].size() * sizeof(T)) != 0))
                    return false;
            return true;
        };
        return same(out, other.out) && same(operand, other.operand) && same(in, other.in);
    }
};

template <class To, class From>
std::vector<std::vector<To>> converted(const std::vector<std::vector<From>>& all) {
    std::vector<std::vector<To>> result;
    for (const auto& x : all) result.emplace_back(x.begin(), x.end());
    return result;
}

/// Addresses of numbers behind the first `skip` of each array that is there.
template <class T, class Pointer, std::size_t Count>
void point_to(std::vector<std::vector<T>>& all, Pointer (&to)[Count], std::size_t skip) {
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!all[i].empty()) all[i].insert(all[i].begin(), skip, T(0));
        to[i] = all[i].empty() ? nullptr : all[i].data() + skip;
    }
}
template <class T>
void forget(std::vector<std::vector<T>>& all, std::size_t skip) {
    for (auto& x : all)
        if (!x.empty()) x.erase(x.begin(), x.begin() + std::ptrdiff_t(skip));
}

/// Arrays start with `skip` numbers that do not count.
template <class T, class From>
outcome<T> prepare(const problem<From>& p, weft::arguments<T>& a, std::size_t skip = 0) {
    outcome<T> o{{}, converted<T>(p.operand), converted<T>(p.in)};
    // Whoever leaves an element out, or reads it before writing, leaves NaN.
    for (std::size_t size : p.out) o.out.emplace_back(size, std::numeric_limits<T>::quiet_NaN());
    point_to(o.in, a.in, skip);
    point_to(o.out, a.out, skip);
    point_to(o.operand, a.operand, skip);
    a.batch = p.batch;
    a.seed = p.seed;
    a.step = p.step;
    return o;
}

#if defined(WEFT_TEST_THRUST)
inline constexpr const char* policy_name = "the thrust policy differs from the reference";

/// The most that a system wants.
template <class Op, class T>
std::size_t scratch_of(const node& n, int batch, int) {
    std::size_t most = 0;
    for (const auto rule : {weft::thrust_backend::scratch_of<weft::cpp, Op>(),
                            weft::thrust_backend::scratch_of<weft::device_twin, Op>()})
        if (rule != nullptr) most = std::max(most, rule(n, batch));
    return most;
}
/// Systems that wake their threads for the smallest work.
template <class System>
struct eager : System {
    static constexpr std::ptrdiff_t small_work = 0;
};
/// Way 1 is sequential, 2 is OpenMP, 3 is TBB, and 4 is OpenMP as programs use it. In way 5 work is cut as
/// for a device, whose sums are other ones.
template <class Op, class Chain, class T>
void run_way(int way, const node& n, const weft::arguments<T>& a, T* scratch) {
    namespace tb = weft::thrust_backend;
    switch (way) {
        case 1:
            return tb::kernel<Op>::template run<Chain>(weft::cpp(), n, a, scratch);
        case 2:
            return tb::kernel<Op>::template run<Chain>(eager<weft::omp>(), n, a, scratch);
#if WEFT_HAS_TBB
        case 3:
            return tb::kernel<Op>::template run<Chain>(eager<weft::tbb>(), n, a, scratch);
#endif
        case 5:
            return tb::kernel<Op>::template run<Chain>(weft::device_twin(), n, a, scratch);
        default:
            return tb::kernel<Op>::template run<Chain>(weft::omp(), n, a, scratch);
    }
}
#elif defined(WEFT_TEST_CUDA) || defined(WEFT_TEST_CUDA_DEVICE)
inline constexpr const char* policy_name = "the cuda policy differs from the reference";

template <class Op, class T>
std::size_t scratch_of(const node& n, int batch, int) {
    const auto rule = weft::cuda_backend::scratch_of<Op, T>();
    return rule == nullptr ? 0 : rule(n, batch);
}
#else
inline constexpr const char* policy_name = "the cpu policy differs from the reference";

template <class Op, class T>
std::size_t scratch_of(const node& n, int batch, int threads) {
    if constexpr (requires { weft::cpu_backend::kernel<Op>::template scratch<T>(n, 1, 1); })
        return weft::cpu_backend::kernel<Op>::template scratch<T>(n, batch, threads);
    else
        return 0;
}
/// The way is the number of threads.
template <class Op, class Chain, class T>
void run_way(int way, const node& n, const weft::arguments<T>& a, T* scratch) {
    static const weft::cpu_backend::thread_team teams[] = {
        weft::cpu_backend::thread_team(1), weft::cpu_backend::thread_team(2),
        weft::cpu_backend::thread_team(3), weft::cpu_backend::thread_team(4)};
    weft::cpu_backend::kernel<Op>::template run<Chain>(
        n, a, weft::cpu_backend::context<T>{&teams[way - 1], scratch});
}
#endif

#if !defined(WEFT_TEST_CUDA) && !defined(WEFT_TEST_CUDA_DEVICE)
#ifdef WEFT_TEST_THRUST
inline constexpr bool has_device_cut = true;
#else
inline constexpr bool has_device_cut = false;
#endif
template <class>
inline constexpr int ways = has_device_cut ? 5 : 4;
/// The way whose bits a way must have; 0 for one that is only near the reference.
constexpr int same_bits_as(int way) { return way == 5 ? 0 : 1; }
constexpr bool misaligned(int) { return false; }
#endif

// What is around an operation is compiled for each type of number alone, and calls it by its address.
#if defined(WEFT_TEST_CUDA) || defined(WEFT_TEST_CUDA_DEVICE)
template <class T>
using run_on_policy = void (*)(int way, const node&, const weft::arguments<T>&, T* scratch,
                               const device_copies<own_kernels::memory>&);
#else
template <class T>
using run_on_policy = void (*)(int way, const node&, const weft::arguments<T>&, T* scratch);
#endif
using run_on_reference = void (*)(const node&, const weft::arguments<double>&);

/// An operation on the policy under test.
template <class T>
struct tested {
    run_on_policy<T> run;
    std::size_t (*scratch)(const node&, int batch, int way);
};
template <class Op, class Chain, class T>
inline constexpr tested<T> tested_of{&run_way<Op, Chain, T>, &scratch_of<Op, T>};

template <class T>
outcome<double> on_reference(run_on_reference run, const problem<T>& p) {
    weft::arguments<double> a;
    outcome<double> o = prepare<double>(p, a);
    run(p.n, a);
    return o;
}
template <class T>
outcome<T> on_policy(const tested<T>& operation, const problem<T>& p, int way, bool in_place) {
    weft::arguments<T> a;
    const std::size_t skip = misaligned(way) ? 1 : 0;
    outcome<T> o = prepare<T>(p, a, skip);
    weft::buffer<T> scratch(operation.scratch(p.n, p.batch, way));
    std::fill_n(scratch.data(), scratch.size(), std::numeric_limits<T>::quiet_NaN());
    if (in_place) {
        o.out[0] = o.in[0];
        a.out[0] = o.out[0].data() + skip;
        a.in[0] = a.out[0];
    }
#if defined(WEFT_TEST_CUDA) || defined(WEFT_TEST_CUDA_DEVICE)
    device_copies<own_kernels::memory> copies;
    copies.add(o.in), copies.add(o.out), copies.add(o.operand);
    copies.add(scratch.data(), scratch.size());
    operation.run(way, p.n, a, scratch.data(), copies);
#else
    operation.run(way, p.n, a, scratch.data());
#endif
    forget(o.in, skip);
    forget(o.out, skip);
    forget(o.operand, skip);
    return o;
}

/// The operation on the reference, and on the policy under test in one of its ways.
template <class Op, class Functions = graph::function_list<>, class T>
outcome<double> on_reference(const problem<T>& p) {
    return on_reference(&weft::reference_backend::run<Op, Functions, double>, p);
}
template <class Op, class Chain, class T>
outcome<T> on_policy(const problem<T>& p, int way, bool in_place = false) {
    return on_policy<T>(tested_of<Op, Chain, T>, p, way, in_place);
}

template <class T>
void compare(const std::vector<std::vector<T>>& got, const std::vector<std::vector<double>>& want,
             double length, const char* what) {
    REQUIRE(got.size() == want.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
        REQUIRE(got[k].size() == want[k].size());
        for (std::size_t i = 0; i < got[k].size(); ++i) {
            const double g = double(got[k][i]), w = want[k][i];
            if (std::isnan(g) && std::isnan(w)) continue;
            if (g == w || std::abs(g - w) <= tolerance<T>(w, length)) continue;
            CAPTURE(what, k, i, g, w, tolerance<T>(w, length), got[k].size());
            FAIL(policy_name);
        }
    }
}

template <class T>
void check(const problem<T>& p, const outcome<double>& want, const tested<T>& operation, int way_count) {
    std::vector<outcome<T>> seen;
    for (int way = 1; way <= way_count; ++way) {
        CAPTURE(way);
        seen.push_back(on_policy<T>(operation, p, way, false));
        const int other = same_bits_as(way);
        if (other != 0 && other != way) {
            CHECK(seen.back() == seen[std::size_t(other - 1)]);
            continue;
        }
        compare(seen.back().out, want.out, p.length, "output");
        compare(seen.back().operand, want.operand, p.length, "operand");
        compare(seen.back().in, want.in, p.length, "input");
    }
}
/// The operation in all ways: near the reference, and the same bits.
template <class Op, class Chain = weft::chain<graph::function_list<>, operand_mode::same>, class T>
void check(const problem<T>& p) {
    check<T>(p, on_reference<Op, typename Chain::functions>(p), tested_of<Op, Chain, T>, ways<Op>);
}

/// The record of a chain type: its steps, each with an operand of its own.
template <class F, operand_mode Source, class... Steps>
void set_steps(node& n, weft::chain<F, Source, Steps...>) {
    n.source_mode = Source;
    int k = 0;
    (n.add_step({.kind = Steps::kind,
                 .fn = Steps::fn,
                 .mode = Steps::mode,
                 .operand = std::int16_t(Steps::has_operand ? 100 + k++ : -1),
                 .bits = {Steps::bits[0], Steps::bits[1]}}),
     ...);
}

/// Random operands for the steps of p.n.
template <class T>
void fill_operands(problem<T>& p, rng& r, double low = -1, double high = 1) {
    for (int s = 0; s < p.n.step_count; ++s) {
        const weft::graph::step& step = p.n.steps[s];
        if (step.operand < 0) {
            p.operand.emplace_back();
            continue;
        }
        const std::size_t size = std::size_t(weft::graph::operand_size(step.mode, p.n.view)) *
                                 std::size_t(weft::graph::is_per_sample(step.mode) ? p.batch : 1);
        p.operand.push_back(step.kind == step_kind::store
                                ? std::vector<T>(size, std::numeric_limits<T>::quiet_NaN())
                                : numbers<T>(r, size, low, high));
    }
}

}  // namespace conformance
