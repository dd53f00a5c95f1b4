#pragma once

#include <utility>

#include "../arguments.hpp"
#include "../reference/steps.hpp"
#include "execution/access.hpp"
#include "execution/elements.hpp"
#include "execution/launch.hpp"
#include "kernel.hpp"

namespace weft::cuda_backend {

/// All steps of an operation as one functor, composed from the chain's type.
template <class Chain, class T, class Plain = typename elements_of<Chain>::plain,
          class = std::make_integer_sequence<int, Chain::size>>
struct chain_functor;
template <class Chain, class Functions, graph::operand_mode Source, class... Steps, class T, int... S>
struct chain_functor<Chain, T, chain<Functions, Source, Steps...>, std::integer_sequence<int, S...>> {
    using number = T;                         ///< what is computed with
    using stored = output_type<Chain, 0, T>;  ///< what the operation leaves
    static constexpr int size = int(sizeof...(Steps));
    static constexpr bool begins_with_fill = ((S == 0 && Steps::kind == graph::step_kind::fill) || ...);
    static constexpr int pack_size = pack<T>::size;
    /// How the elements of a pack lie: anyhow, or all in one row of inner elements, or of channels.
    enum class layout { scattered, inner, channels };

    stored* out;
    T* operand[size + 1];  ///< as arguments have them
    graph::blocking view;
    step_context context;
    divider by_inner, by_channels, by_outer;
    layout packs;

    chain_functor(const graph::node& n, const arguments<T>& a)
        : out(output<Chain, 0>(a)),
          operand{a.operand[S]..., nullptr},
          view(n.view),
          context{a.batch, a.seed, a.step, a.clock},
          by_inner(view.inner),
          by_channels(view.channels),
          by_outer(view.outer),
          packs(view.inner % pack_size == 0                         ? layout::inner
                : view.inner == 1 && view.channels % pack_size == 0 ? layout::channels
                                                                    : layout::scattered) {}

    /// The steps on x, which is element number `element` of the batch.
    WEFT_DEVICE T after(T x, std::int64_t element) const {
        T one[1] = {x};
        after(one, element);
        return one[0];
    }
    /// The steps on N elements, of which `element` is the first: any one, or a pack that begins at a multiple
    /// of N.
    template <int N>
    WEFT_DEVICE void after(T (&x)[N], [[maybe_unused]] std::int64_t element) const {
        (one_step<Steps>(x, reinterpret_cast<operand_type<Chain, S, T>*>(operand[S]), element), ...);
    }
    /// The steps on element number `element`, and then to its place.
    WEFT_DEVICE void put(T x, std::int64_t element) const { out[element] = stored(after(x, element)); }
    /// The numbers of an operand that belong to N elements; see after.
    template <graph::operand_mode Mode, class From, int N>
    WEFT_DEVICE void fetch(const From* from, std::int64_t element, T (&y)[N]) const {
        using enum graph::operand_mode;
        if constexpr (Mode == same) {
            read(from + element, y);
        } else if constexpr (Mode == scalar) {
            fill(y, T(from[0]));
        } else if constexpr (N == 1) {
            y[0] = T(from[index<Mode>(element)]);
        } else if (packs == layout::scattered) {
            for (int k = 0; k < N; ++k) y[k] = T(from[index<Mode>(element + k)]);
        } else {
            const std::int64_t at = index<Mode>(element);
            if (packs == layout::inner ? moves(Mode, false) : moves(Mode, true))
                read(from + at, y);
            else
                fill(y, T(from[at]));
        }
    }

private:
    /// What element `element` reads of an operand.
    template <graph::operand_mode Mode>
    WEFT_DEVICE std::int64_t index(std::int64_t element) const {
        if constexpr (Mode == graph::operand_mode::same) return element;
        const std::int64_t rest = divided(element, by_inner), whole = divided(rest, by_channels),
                           sample = divided(whole, by_outer);
        return reference_backend::operand_index(Mode, view, sample, int(whole - sample * view.outer),
                                                int(rest - whole * view.channels),
                                                int(element - rest * view.inner));
    }
    template <class Step, class Operand, int N>
    WEFT_DEVICE void one_step(T (&x)[N], Operand* of, std::int64_t element) const {
        if constexpr (Step::kind == graph::step_kind::store) {
            if constexpr (Step::mode == graph::operand_mode::same)
                write(of + element, x);
            else
                for (int k = 0; k < N; ++k) of[index<Step::mode>(element + k)] = Operand(x[k]);
        } else if constexpr (Step::kind == graph::step_kind::dropout && N > 1) {
            drop<Step>(x, element);
        } else {
            T y[N] = {};
            if constexpr (Step::has_operand) fetch<Step::mode>(of, element, y);
            for (int k = 0; k < N; ++k)
                x[k] = step_functor<Functions, Step>::run(x[k], y[k], context, element + k);
        }
    }
    /// dropout_factor for a pack, whose numbers share one draw of four words.
    template <class Step, int N>
    WEFT_DEVICE void drop(T (&x)[N], std::int64_t element) const {
        static_assert(N == 2 || N == 4);
        constexpr float rate = from_bits(Step::bits[0]);
        const std::uint64_t seed = context.clock != nullptr ? context.clock[0] : context.seed,
                            step = context.clock != nullptr ? context.clock[1] : context.step;
        const auto words = philox(seed, (std::uint64_t(std::uint32_t(Step::bits[1]) + 1) << 40) + step,
                                  std::uint64_t(element) / 4);
        const bool second_half = N == 2 && element % 4 != 0;
        for (int k = 0; k < N; ++k) {
            const std::uint32_t word = second_half ? words[std::size_t(k + 2) % 4] : words[std::size_t(k)];
            x[k] *= uniform01(word) < rate ? T(0) : T(1) / (T(1) - T(rate));
        }
    }
};

/// Element by element: out = what follows on `source`, whose read(tail, e, x) gives the N numbers from e on.
/// T is what is computed with, Out what is stored.
template <class Source, class Tail, int N, class T, class Out>
struct map_kernel {
    static constexpr int threads = 256;
    /// Packs of a thread: two narrow ones keep as many bytes on their way as a wide one.
    static constexpr int packs = N > 1 && sizeof(Out) < sizeof(T) ? 2 : 1;
    static constexpr int apart = threads * N, of_block = apart * packs;
    using shared = no_shared;
    Source source;
    Tail tail;
    Out* out;
    std::int64_t total;

    template <class Block>
    WEFT_DEVICE void operator()(Block& block, shared&) const {
        for (const int t : block) {
            const std::int64_t e = block.index() * of_block + t * N;
            if (e + (packs - 1) * apart + N <= total) {
                move<packs, N>(e);
            } else {
                for (int p = 0; p < packs; ++p) move_rest(e + p * apart);
            }
        }
    }

private:
    template <int Packs, int Count>
    WEFT_DEVICE void move(std::int64_t e) const {
        T x[Packs][Count];
        for (int p = 0; p < Packs; ++p) source.read(tail, e + p * apart, x[p]);
        for (int p = 0; p < Packs; ++p) tail.after(x[p], e + p * apart);
        for (int p = 0; p < Packs; ++p) write(out + e + p * apart, x[p]);
    }
    /// What there is of a pack.
    WEFT_DEVICE void move_rest(std::int64_t e) const {
        if (packs > 1 && e + N <= total)
            move<1, N>(e);
        else if constexpr (N > 1)
            for (std::int64_t i = e; i < total; ++i) move<1, 1>(i);
    }
};
template <int N, class T, class Device, class Source, class Tail, class Out>
void map_in(const Device& device, const Source& source, const Tail& tail, Out* out, std::int64_t total) {
    using kernel = map_kernel<Source, Tail, N, T, Out>;
    device.launch(pieces(total, kernel::of_block), kernel{source, tail, out, total});
}
/// With packs or without is for sizes alone to say, since compilers round the two kernels apart.
template <class T, class Device, class Source, class Tail, class Out>
void map(const Device& device, const Source& source, const Tail& tail, Out* out, std::int64_t total,
         bool packs) {
    if (packs)
        map_in<pack<T>::size, T>(device, source, tail, out, total);
    else
        map_in<1, T>(device, source, tail, out, total);
}
/// The same with packs whatever the sizes, for sources that take any.
template <class T, class Device, class Source, class Tail, class Out>
void map_packs(const Device& device, const Source& source, const Tail& tail, Out* out, std::int64_t total) {
    map_in<pack<T>::size, T>(device, source, tail, out, total);
}

/// Numbers as they come.
template <class In>
struct plain_source {
    const In* in;

    template <class Tail, class T, int N>
    WEFT_DEVICE void read(const Tail&, std::int64_t e, T (&x)[N]) const {
        cuda_backend::read(in + e, x);
    }
};

/// What an elementwise operation starts from.
template <graph::operand_mode Mode, class In>
struct operand_source {
    const In* in;

    template <class Tail, class T, int N>
    WEFT_DEVICE void read(const Tail& tail, std::int64_t e, T (&x)[N]) const {
        if constexpr (Tail::begins_with_fill)  // there may be no source
            fill(x, T(0));
        else
            tail.template fetch<Mode>(in, e, x);
    }
};

template <>
struct kernel<graph::elementwise> {
    template <class Chain, class Device, class T>
    static void run(const Device& device, const graph::node& n, const arguments<T>& a, T*) {
        const std::int64_t total = std::int64_t(n.once ? 1 : a.batch) * n.view.size();
        map_packs<T>(device, operand_source<Chain::source, input_type<Chain, 0, T>>{input<Chain, 0>(a)},
                     chain_functor<Chain, T>(n, a), output<Chain, 0>(a), total);
    }
};

/// The steps alone, over what an operation has left in out[0].
template <class Chain, class Device, class T>
void finish(const Device& device, const graph::node& n, const arguments<T>& a) {
    if constexpr (Chain::size > 0)
        map_packs<T>(
            device, operand_source<graph::operand_mode::same, output_type<Chain, 0, T>>{output<Chain, 0>(a)},
            chain_functor<Chain, T>(n, a), output<Chain, 0>(a), std::int64_t(a.batch) * n.view.size());
}

}  // namespace weft::cuda_backend
