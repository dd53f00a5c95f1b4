// title: A layer that emits more operations than it says
// why: Graphs have just the room that layers ask for: `primitives` is how many operations a layer emits at most.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*the_lowering, .*needs<.*this_many_primitives<2> ?>, .*got<.*this_many_primitives<1> ?>
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
        return b.offset(b.scale(x, 2), 1);
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
