// title: A layer that is not derived from layer_base
// why: The base marks a type as a layer.
// expect: not_a_layer<(struct )?twice
// expect: this is not a layer
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
struct twice : layer_base {
#else
struct twice {
#endif
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.add(x, x);
    }
};
constexpr auto net = input<6> >> twice{};

int main() {}
