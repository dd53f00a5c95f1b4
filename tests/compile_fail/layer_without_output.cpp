// title: A layer of one's own without a shape rule
// why: Every layer says which shape it gives for the shape that reaches it.
// expect: layer_without_shape_rule<(struct )?twice
// expect: shaped output\((weft::)?extents
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
struct twice : layer_base {
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.add(x, x);
    }
};
#else
struct twice : layer_base {
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.add(x, x);
    }
};
#endif

constexpr auto net = input<6> >> twice{};

int main() {}
