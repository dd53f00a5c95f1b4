// title: A primitive of one's own that the layer does not list
// why: Records number a network's own primitives by their places in its layers' `own_primitives`.
// expect: what a layer lowers to is not possible
// expect: layer<2>, turn_layer, .*needs<.*its_primitives_in_a_list_called_own_primitives ?>
#include <weft/weft.hpp>

struct turn {
    int size;
    static constexpr const char* name = "turn";
    static constexpr int inputs = 1, outputs = 1;
    constexpr weft::graph::port in(int) const { return {weft::extents(size)}; }
    constexpr weft::graph::port out(int) const { return {weft::extents(size)}; }
    template <class D>
    static constexpr void gradient(D& d, const weft::graph::node& n) {
        d.add(n.in[0], d.emit(n.as<turn>(), {d.of(n.out[0])}));
    }
};
template <>
struct weft::reference_backend::kernel<turn> {
    template <class T>
    static constexpr void run(const turn& p, const arguments<T>& a) {
        for (std::ptrdiff_t s = 0; s < a.batch; ++s)
            for (int i = 0; i < p.size; ++i) a.out[0][s * p.size + i] = a.in[0][s * p.size + p.size - 1 - i];
    }
};
struct turn_layer : weft::layer_base {
#ifdef WEFT_OK
    using own_primitives = turn;
#endif
    static constexpr const char* kind = "turn";
    static constexpr int primitives = 1;
    static constexpr weft::shaped output(weft::extents in) { return weft::accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.emit(turn{x.dims.size()}, x);
    }
};

constexpr auto net = weft::input<8> >> weft::dense<3> >> turn_layer{} >> weft::dense<2>;

int main() {
    weft::model<net, weft::cpu> model;
}
