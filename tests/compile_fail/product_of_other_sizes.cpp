// title: A layer that multiplies by a matrix of other sizes
// why: `dense` takes weights [n, k] for numbers [k].
// expect: what a layer lowers to is not possible
// expect: layer<2>, mine_layer, .*input_of<.*graph::gemm, 2>, .*needs<.*shape<5, 8> ?>, .*got<.*shape<5, 9> ?>
#include <weft/weft.hpp>

struct mine_layer : weft::layer_base {
    static constexpr const char* kind = "mine";
    static constexpr int primitives = 1;

    static constexpr weft::shaped output(weft::extents) { return weft::accept(weft::extents(5)); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
#ifdef WEFT_OK
        return b.dense(x, b.parameter("weight", {5, 8}, {}));
#else
        return b.dense(x, b.parameter("weight", {5, 9}, {}));
#endif
    }
};
inline constexpr mine_layer mine{};

constexpr auto net = weft::input<8> >> weft::relu >> mine >> weft::dense<3>;

int main() { weft::model<net, weft::cpu> model; }
