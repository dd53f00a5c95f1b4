// title: A shape rule that is not static
// why: A layer is known by its type alone.
// expect: layer_without_shape_rule<(struct )?twice
// expect: static constexpr
#include <weft/weft.hpp>

using namespace weft;

struct twice : layer_base {
#ifdef WEFT_OK
    static constexpr shaped output(extents in) { return accept(in); }
#else
    constexpr shaped output(extents in) const { return accept(in); }
#endif
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.add(x, x);
    }
};
constexpr auto net = input<6> >> residual(twice{});

int main() {}
