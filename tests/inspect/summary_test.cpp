#include <weft/weft.hpp>

#include "catch.hpp"

using namespace weft;

namespace {

// clang-format off
constexpr auto branched =
    input<2, 4, 4>
    >> residual(conv2d<2, kernel<3>, padding<1>, no_bias> >> batch_norm) >> relu
    >> concat(identity, max_pool2d<3, stride<1>, padding<1>> >> dropout<0.25>)
    >> global_avg_pool >> named<"neck">(dense<3> >> leaky_relu) >> named<"head">(dense<2>);
// clang-format on

/// A user's own layer that does not say its kind.
struct halve : layer_base {
    static constexpr shaped output(extents in) { return accept(in); }
    template <class B>
    static constexpr auto lower(B& b, typename B::value x) {
        return b.scale(x, 0.5f);
    }
};

}  // namespace

TEST_CASE("a summary lists layers, the parts of composite ones, and totals") {
    CHECK(summary(branched) ==
          R"(#  layer                                    output  name      parameters  multiply-adds
---------------------------------------------------------------------------------------
   input                                    2x4x4
1  residual                                 2x4x4   0                 40            576
     body:
       conv2d 2, 3x3, padding 1, no bias    2x4x4   0.body.0          36            576
       batch_norm                           2x4x4   0.body.1           4
     shortcut: the input
2  relu                                     2x4x4
3  concat                                   4x4x4
     branch 0:
       identity                             2x4x4
     branch 1:
       max_pool2d 3x3, stride 1, padding 1  2x4x4
       dropout 0.25                         2x4x4
4  global_avg_pool                          4
5  named "neck"                             3       neck              15             12
     dense 3                                3       neck.0            15             12
     leaky_relu 0.01                        3
6  dense 2 "head"                           2       head               8              6
---------------------------------------------------------------------------------------
parameters          63 (252 B as float)
running statistics  4
a prediction        594 multiply-adds, 1,676 FLOPs
arena, inference    512 B per sample + 16 B
)");
}

TEST_CASE("a summary shows nested names") {
    CHECK(summary(input<3> >> named<"a">(named<"b">(dense<2>))).find("\n1  named \"a\"      2       a") !=
          std::string::npos);
    CHECK(summary(input<3> >> named<"a">(named<"b">(dense<2>))).find("dense 2 \"b\"  2       a.b") !=
          std::string::npos);
}

TEST_CASE("a user's own layer goes by its type's name") {
    CHECK(summary(input<3> >> halve{}).find("\n1  halve  3\n") != std::string::npos);
}

TEST_CASE("a summary with a loss tells what training takes") {
    constexpr auto net = input<3> >> dense<2>;
    CHECK(summary(net).find("arena, training") == std::string::npos);
    CHECK(summary(net, mean_squared_error).find("arena, training   ") != std::string::npos);
}

TEST_CASE("sizes and counts are short and exact where they are small") {
    using namespace inspect::detail;
    CHECK(inspect::detail::grouped(0) == "0");
    CHECK(inspect::detail::grouped(999) == "999");
    CHECK(inspect::detail::grouped(1000) == "1,000");
    CHECK(inspect::detail::grouped(-1234567) == "-1,234,567");
    CHECK(bytes(0) == "0 B");
    CHECK(bytes(999) == "999 B");
    CHECK(bytes(1000) == "0.98 KiB");
    CHECK(bytes(1024) == "1.00 KiB");
    CHECK(bytes(246824) == "241 KiB");
    CHECK(bytes(std::int64_t{3} << 40) == "3.00 TiB");
}
