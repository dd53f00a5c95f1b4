// title: Training through a primitive without a gradient rule
// why: Predictions need none, but a parameter before it can only be trained if the primitive says how its gradient goes on.
// expect: what a layer lowers to is not possible
// expect: layer<2>, turn_layer, turn, .*needs<.*a_gradient_rule ?>
#include <weft/weft.hpp>

struct turn {
    int size;
    static constexpr const char* name = "turn";
    static constexpr int inputs = 1, outputs = 1;
    constexpr weft::graph::port in(int) const { return {weft::extents(size)}; }
    constexpr weft::graph::port out(int) const { return {weft::extents(size)}; }
#ifdef WEFT_OK
    template <class D>
    static constexpr void gradient(D& d, const weft::graph::node& n) {
        d.add(n.in[0], d.emit(n.as<turn>(), {d.of(n.out[0])}));
    }
#endif
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
    using own_primitives = turn;
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
    weft::trainer train{model, weft::mean_squared_error, weft::sgd{}};
}
