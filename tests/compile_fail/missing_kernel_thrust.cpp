// title: A primitive without a kernel in the Thrust policy
// why: Each policy has a kernel for every primitive that is left in a program, and one without does not compile. (Batch norm becomes statistics and steps before a program runs, so there is none here.)
// header: thrust/for_each.h
// expect: the thrust policy lacks a kernel for this primitive
// expect: missing_kernel<.*cpp, .*batch_norm>
#include <weft/thrust.hpp>

namespace graph = weft::graph;
using no_steps = weft::chain<weft::graph::function_list<>, weft::graph::operand_mode::same>;

int main() {
    const weft::graph::node record;
    const weft::arguments<float> memory;
#ifdef WEFT_OK
    weft::thrust_backend::kernel<graph::softmax>::run<no_steps>(weft::cpp(), record, memory, static_cast<float*>(nullptr));
#else
    weft::thrust_backend::kernel<graph::batch_norm>::run<no_steps>(weft::cpp(), record, memory, static_cast<float*>(nullptr));
#endif
}
