// title: Label smoothing given twice
// why: The amounts do not add up.
// expect: no_option_is_given_twice
// expect: label_smoothing
#include <weft/weft.hpp>

using namespace weft;

#ifdef WEFT_OK
const auto loss = softmax_cross_entropy_with<label_smoothing<0.2>, soft_targets>;
#else
const auto loss = softmax_cross_entropy_with<label_smoothing<0.1>, label_smoothing<0.1>>;
#endif

int main() {}
