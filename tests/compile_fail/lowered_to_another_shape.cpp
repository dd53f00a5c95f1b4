// title: A layer that lowers to another shape than it promises
// why: What `output` promises is what the next layer counts on, so the compiler compares it with what `lower` returns.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*the_lowered_shape, .*needs<.*shape<8> ?>, .*got<.*shape<2, 4> ?>
#include <weft/weft.hpp>

struct mine_layer : weft::layer_base {
    static constexpr const char* kind = "mine";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents in) { return weft::accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
#ifdef WEFT_OK
        return b.scale(x, 2);
#else
        return b.reshape(b.scale(x, 2), {2, 4});
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
