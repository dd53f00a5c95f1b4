// title: A shape rule that returns extents
// why: A rule can also refuse a shape, so it returns `accept(…)` or `refuse(…)`.
// expect: layer_without_shape_rule<(struct )?twice
// expect: shaped output\((weft::)?extents
#include <weft/weft.hpp>

using namespace weft;

struct twice : layer_base {
#ifdef WEFT_OK
    static constexpr shaped output(extents in) { return accept(in); }
#else
    static constexpr extents output(extents in) { return in; }
#endif
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.add(x, x);
    }
};
constexpr auto net = input<6> >> dense<3> >> twice{};

int main() {}
