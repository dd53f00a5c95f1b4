// title: A layer that holds data
// why: A network is its type, so numbers are template arguments.
// expect: layer_with_members<
// expect: empty type
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
template <int Times>
struct scale : layer_base {
    static constexpr int times = Times;
#else
struct scale : layer_base {
    int times = 2;
#endif
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B&, typename B::value x) {
        return x;
    }
};
#ifdef WEFT_OK
constexpr auto net = input<6> >> scale<2>{};
#else
constexpr auto net = input<6> >> scale{};
#endif

int main() {}
