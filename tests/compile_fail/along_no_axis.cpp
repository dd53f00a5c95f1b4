// title: A layer that adds numbers along an axis that is not there
// why: The axes of a vector are one, 0.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*needs<.*an_axis<1> ?>, .*got<.*shape<8> ?>
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
        return b.along(B::add_step, x, b.parameter("bias", weft::extents(8), {}), 1);
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
