#include <weft/weft.hpp>

#include "catch.hpp"

using namespace weft;

namespace {

int count(const std::string& text, const std::string& what) {
    int n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
}

}  // namespace

TEST_CASE("a chain of layers is a chain of nodes, with shapes on the edges") {
    const std::string text = dot(input<1, 4, 4> >> conv2d<2, kernel<3>> >> flatten >> named<"a">(dense<3>));
    CHECK(text.rfind("digraph network {\n", 0) == 0);
    CHECK(text.find("n1 [label=\"conv2d 2, 3x3\"];") != std::string::npos);
    CHECK(text.find("n3 [label=\"dense 3 \\\"a\\\"\"];") != std::string::npos);
    CHECK(
        text.find("n0 -> n1 [label=\" 1x4x4\"];\n  n1 -> n2 [label=\" 2x2x2\"];\n  n2 -> n3 [label=\" 8\"];\n"
                  "  n3 -> n4 [label=\" 3\"];\n}\n") != std::string::npos);
}

TEST_CASE("branches start at the same node and meet in one") {
    const std::string text =
        dot(input<4> >> relu >> residual(dense<4> >> concat(identity, relu) >> dense<4>));
    CHECK(count(text, "subgraph cluster_") == 2);
    CHECK(count(text, "{") == count(text, "}"));
    CHECK(count(text, "n1 -> ") == 2);  // to the body and past it
    const std::size_t join = text.find("[label=\"+\"");
    REQUIRE(join != std::string::npos);
    const std::string id = text.substr(text.rfind('n', join), join - text.rfind('n', join));
    CHECK(count(text, "-> " + id) == 2);
    CHECK(count(text, "-> ") == 10);
}
