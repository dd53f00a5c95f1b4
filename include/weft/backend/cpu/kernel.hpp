#pragma once

#include "../reference/kernel.hpp"
#include "run_chain.hpp"
#include "threads.hpp"

namespace weft::cpu_backend {

/// What a running program holds: threads, and scratch memory for packing.
template <class T>
struct context {
    const thread_team* team;
    T* scratch;
};

/// The error of a primitive without a kernel; its argument says which.
template <class Primitive>
struct missing_kernel {
    static_assert(!sizeof(Primitive*), "weft: the cpu policy lacks a kernel for this primitive");
};

/// The kernel of a primitive: a specialisation in the file of its family, or in a user's program, with
///     template <class Chain, class T>
///     static void run(const graph::node& n, const arguments<T>& a, const context<T>& c)
/// which computes the outputs and then runs the chain over out[0], and if it needs scratch memory
///     template <class T>
///     static std::size_t scratch(const graph::node& n, std::ptrdiff_t batch, int threads)   in numbers.
/// Where samples are independent, sample_kernel is an easier way. Without a specialisation, the plain loops
/// of `reference` run.
template <class Primitive>
struct kernel {
    static constexpr bool falls_back = true;

    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>&) {
        if constexpr (reference_backend::has_kernel<Primitive>) {
            arguments<T> all = a;
            all.batch = graph::samples_of(n, a.batch);
            reference_backend::kernel<Primitive>::run(n.as<Primitive>(), all);
            run_chain<Chain>(n, a, 0, n.once ? 1 : a.batch);
        } else {
            static_cast<void>(sizeof(missing_kernel<Primitive>));
        }
    }
};

/// Does the policy run this primitive with the reference's plain loops?
template <class Primitive>
inline constexpr bool falls_back = requires {
    kernel<Primitive>::falls_back;
};

/// An operation and what its parts need, for callbacks through a void pointer.
template <class T>
struct work {
    const graph::node& n;
    const arguments<T>& a;
    std::ptrdiff_t chunk = 1;  ///< samples per task

    template <class Chain>
    static void finish(void* self, std::ptrdiff_t first, std::ptrdiff_t count) {
        const work& w = *static_cast<const work*>(self);
        run_chain<Chain>(w.n, w.a, first, first + count);
    }
    /// One task: a chunk of samples through the operation and its chain.
    template <class Primitive, class Chain>
    static void chunked(void* self, int task) {
        const work& w = *static_cast<const work*>(self);
        const std::ptrdiff_t first = task * w.chunk;
        const std::ptrdiff_t last = first + w.chunk < w.a.batch ? first + w.chunk : w.a.batch;
        if constexpr (!std::is_void_v<Primitive>)
            kernel<Primitive>::samples(w.n.template as<Primitive>(), w.a, first, last);
        run_chain<Chain>(w.n, w.a, first, last);
    }

    /// All samples, cut into tasks by their size alone, so that the cut does not depend on the threads.
    template <class Primitive, class Chain>
    void in_chunks(const thread_team& team) {
        constexpr std::ptrdiff_t elements_per_task = 16384;
        const std::ptrdiff_t size = n.view.size() > 0 ? n.view.size() : 1;
        chunk = size < elements_per_task ? elements_per_task / size : 1;
        team.run(int((a.batch + chunk - 1) / chunk), &work::chunked<Primitive, Chain>, this);
    }
    /// A chain that runs over results as they come, if it does anything.
    template <class Chain>
    epilogue finishing() {
        return Chain::size ? epilogue{&work::finish<Chain>, this} : epilogue{};
    }
};

/// A kernel whose samples are independent: kernel<Primitive> has
///     template <class T> static void samples(const Primitive& p, const arguments<T>& a,
///                                            std::ptrdiff_t first, std::ptrdiff_t last)
/// which computes the outputs of samples [first, last).
template <class Primitive>
struct sample_kernel {
    template <class Chain, class T>
    static void run(const graph::node& n, const arguments<T>& a, const context<T>& c) {
        work<T>{n, a}.template in_chunks<Primitive, Chain>(*c.team);
    }
};

}  // namespace weft::cpu_backend
