// title: A layer of one's own that refuses a shape
// why: Its message is like those of weft's own layers.
// expect: layer<2>
// expect: pairs
// expect: needs<(weft::)?rank_at_least<2>
// expect: got<(weft::)?shape<6>
#include <weft/weft.hpp>

using namespace weft;

struct pairs : layer_base {
    static constexpr shaped output(extents in) {
        return in.rank == 2 ? accept(in) : refuse(need::rank_at_least, extents(2), in);
    }
    template <class B>
    static constexpr auto lower(B&, typename B::value x) {
        return x;
    }
};

#ifdef WEFT_OK
constexpr auto net = input<2, 6> >> relu >> pairs{};
#else
constexpr auto net = input<6> >> relu >> pairs{};
#endif

int main() {}
