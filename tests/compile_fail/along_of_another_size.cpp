// title: A layer that adds numbers along an axis of another size
// why: `along` takes one number for each index of an axis.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*needs<.*elements<8> ?>, .*got<.*shape<7> ?>
#include <weft/weft.hpp>

struct mine_layer : weft::layer_base {
    static constexpr const char* kind = "mine";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents in) { return weft::accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
#ifdef WEFT_OK
        return b.along(B::add_step, x, b.parameter("bias", weft::extents(8), {}), 0);
#else
        return b.along(B::add_step, x, b.parameter("bias", weft::extents(7), {}), 0);
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
