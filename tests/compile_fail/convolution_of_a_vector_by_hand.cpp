// title: A layer that convolves numbers of another size
// why: Each primitive says the sizes of its inputs; here the first of conv2d's has 8 numbers where the geometry wants 9.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*input_of<.*graph::conv2d, 1>, .*needs<.*shape<1, 3, 3> ?>, .*got<.*shape<8> ?>
#include <weft/weft.hpp>

struct mine_layer : weft::layer_base {
    static constexpr const char* kind = "mine";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents in) { return weft::accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
#ifdef WEFT_OK
        return b.scale(x, 1);
#else
        const weft::conv2d_geometry g{1, 3, 3, 2, 2, 2, 1, 1, 0, 0, 1, 1, 1};
        return b.conv2d(x, b.parameter("weight", {2, 1, 2, 2}, {}), g);
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
