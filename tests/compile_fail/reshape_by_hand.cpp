// title: A layer that reshapes to another number of elements
// why: A view has the same numbers.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*needs<.*elements<8> ?>, .*got<.*shape<3, 3> ?>
#include <weft/weft.hpp>

struct mine_layer : weft::layer_base {
    static constexpr const char* kind = "mine";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents) { return weft::accept(weft::extents(2, 4)); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
#ifdef WEFT_OK
        return b.reshape(x, {2, 4});
#else
        return b.reshape(x, {3, 3});
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
