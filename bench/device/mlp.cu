// Perceptrons with four hidden layers of WIDTH, sixteen outputs, and a mean squared error; what layers
// compute is held as STORED, a type of numbers.
#include <weft/lang/combinators.hpp>
#include <weft/lang/layers/activation.hpp>
#include <weft/lang/layers/dense.hpp>
#include <weft/train/loss/regression.hpp>
#include <weft/train/optimizers.hpp>

#include "network.hpp"

#ifndef STORED
#define STORED float
#endif

using namespace weft;
// clang-format off
constexpr auto mlp = input<WIDTH> >> repeat<4>(dense<WIDTH> >> relu) >> dense<16>;
// clang-format on

int main(int argc, char** argv) {
    const bench::subject<mlp, mean_squared_error_loss, adam, true, STORED> s{"mlp", 200, 3};
    return bench::serve(argc, argv,
                        {[&](bench::expected_numbers& file) { s.reference(file); },
                         [&](bench::expected_numbers& file) { s.check(file); },
                         [&](const std::string&, const std::string& kind, int batch,
                             const std::string& ways) { return s.prepare(kind, batch, ways); }});
}
