// title: A layer that joins nine parts at once
// why: A record has eight inputs: join some of the parts first.
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*needs<.*at_most_parts<8> ?>, .*got<.*this_many_parts<9> ?>
#include <weft/weft.hpp>

struct mine_layer : weft::layer_base {
    static constexpr const char* kind = "mine";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents) { return weft::accept(weft::extents(16)); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
#ifdef WEFT_OK
        const typename B::value parts[] = {x, x};
        return b.concat(parts, 2);
#else
        const typename B::value parts[] = {x, x, x, x, x, x, x, x, x};
        return b.concat(parts, 9);
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
